package lbproxy

import (
	"context"
	"log/slog"
	"sync/atomic"
)

// event is a log line on its way from a loop to the log.
type event struct {
	level   slog.Level
	message string
	reason  string
	worker  string
	side    side
	status  int
	tries   uint32
	others  int // of the same kind that had no line
}

// eventsMax is how many lines may wait. A flood says the same thing again and again, so the rest is only counted.
const eventsMax = 256

// eventQueue carries lines to the log without a loop ever waiting for it.
type eventQueue struct {
	log     *slog.Logger
	lines   chan event
	dropped atomic.Uint64
}

func newEventQueue(log *slog.Logger) *eventQueue {
	return &eventQueue{log: log, lines: make(chan event, eventsMax)}
}

func (q *eventQueue) offer(e event) {
	select {
	case q.lines <- e:
	default:
		q.dropped.Add(1)
	}
}

// run writes lines until stop, then what is left.
func (q *eventQueue) run(stop <-chan struct{}) {
	for {
		select {
		case e := <-q.lines:
			q.write(e)
		case <-stop:
			for len(q.lines) > 0 {
				q.write(<-q.lines)
			}
			return
		}
	}
}

func (q *eventQueue) write(e event) {
	attrs := []slog.Attr{slog.String("reason", e.reason), slog.String("side", e.side.String()), slog.Int("tries", int(e.tries))}
	if e.status != 0 {
		attrs = append(attrs, slog.Int("status", e.status))
	}
	if e.others != 0 {
		attrs = append(attrs, slog.Int("others", e.others))
	}
	if e.worker != "" {
		attrs = append(attrs, slog.String("worker", e.worker))
	}
	q.log.LogAttrs(context.Background(), e.level, e.message, attrs...)
	if n := q.dropped.Swap(0); n > 0 {
		q.log.Warn("log lines dropped", "count", n)
	}
}

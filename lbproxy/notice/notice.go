// Package notice has the lines that the front door's loops write to percore's log: a loop never waits for the log, and
// what would be said for each of many connections is said now and then.
package notice

import (
	"context"
	"log/slog"
	"sync/atomic"
)

// Line is a log line on its way from a loop to the log.
type Line struct {
	Level   slog.Level
	Message string
	Reason  string
	Worker  string // empty for none
	Side    string // downstream, upstream or internal
	Status  int    // 0 for none
	Tries   uint32
	Others  int // lines of the same kind that were left out
}

// linesMax is how many lines may wait. A flood says the same thing again and again, so the rest is only counted.
const linesMax = 256

// Queue carries lines to the log without a loop ever waiting for it.
type Queue struct {
	log     *slog.Logger
	lines   chan Line
	dropped atomic.Uint64
}

// NewQueue makes a queue of lines for log. [Queue.Run] writes them.
func NewQueue(log *slog.Logger) *Queue {
	return &Queue{log: log, lines: make(chan Line, linesMax)}
}

// Offer hands a line over, or drops it where too many wait. It may be called from any goroutine.
func (q *Queue) Offer(e Line) {
	select {
	case q.lines <- e:
	default:
		q.dropped.Add(1)
	}
}

// Run writes lines until stop, then what is left.
func (q *Queue) Run(stop <-chan struct{}) {
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

func (q *Queue) write(e Line) {
	attrs := []slog.Attr{slog.String("reason", e.Reason), slog.String("side", e.Side), slog.Int("tries", int(e.Tries))}
	if e.Status != 0 {
		attrs = append(attrs, slog.Int("status", e.Status))
	}
	if e.Others != 0 {
		attrs = append(attrs, slog.Int("others", e.Others))
	}
	if e.Worker != "" {
		attrs = append(attrs, slog.String("worker", e.Worker))
	}
	q.log.LogAttrs(context.Background(), e.Level, e.Message, attrs...)
	if n := q.dropped.Swap(0); n > 0 {
		q.log.Warn("log lines dropped", "count", n)
	}
}

package lbproxy

import (
	"fmt"
	"log/slog"
	"time"

	"percore/lbproxy/notice"
	"percore/lbproxy/timer"
)

// pauseToldMillis is how long a pause of the front door has to be for the log to tell of it.
const pauseToldMillis = 1_000

// loopClock is a loop's time, as of its turn.
type loopClock struct {
	now      int64 // milliseconds, monotonic, without pauses
	nowNanos int64
	epoch    time.Time // when now was 1
	lost     int64     // milliseconds of pauses, which now has left out
	wake     timer.Wakeup
	clock    wallClock
}

// tick sets the time of a turn.
func (c *loopClock) tick() {
	now := time.Now()
	elapsed := now.Sub(c.epoch) // monotonic
	c.clock.set(now)
	c.nowNanos, c.now = int64(elapsed), 1+elapsed.Milliseconds() // never 0, which stands for "never" in an exchange
}

// steady is the time in milliseconds with all pauses: what a worker does with a connection that is idle goes by that,
// and all loops have the same.
func (c *loopClock) steady() int64 { return c.now + c.lost }

// passOver takes a pause out of the time.
func (c *loopClock) passOver(millis int64) {
	c.lost += millis
	c.epoch = c.epoch.Add(time.Duration(millis) * time.Millisecond)
	c.now -= millis
	c.nowNanos -= millis * int64(time.Millisecond)
}

// excuse takes a pause out of the loop's clock, if there was one.
func (l *loop) excuse() {
	lost := l.wake.Late(l.now)
	if lost == 0 {
		return
	}
	l.passOver(lost)
	if lost >= pauseToldMillis {
		l.proxy.notices.Offer(notice.Line{
			Level: slog.LevelInfo, Message: "front door did not run for a while; deadlines wait",
			Reason: fmt.Sprintf("%v are not counted", time.Duration(lost)*time.Millisecond), Side: sideInternal.String(),
		})
	}
}

// wallClock formats the time for a loop's messages: the date once a second at most, and for each request when it came.
type wallClock struct {
	second int64
	date   []byte
	millis int64 // since the Unix epoch, as of the loop's turn
}

func (w *wallClock) set(now time.Time) { w.millis = now.UnixMilli() }

// httpDateLayout is IMF-fixdate; RFC 9110 section 5.6.7.
const httpDateLayout = "Mon, 02 Jan 2006 15:04:05 GMT"

// httpDate returns the turn's date for a Date field. It is valid until the next call.
func (w *wallClock) httpDate() []byte {
	if second := w.millis / 1000; second != w.second {
		w.second = second
		w.date = time.Unix(second, 0).UTC().AppendFormat(w.date[:0], httpDateLayout)
	}
	return w.date
}

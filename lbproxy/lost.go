package lbproxy

import (
	"fmt"
	"log/slog"
	"math"
	"time"

	"percore/lbproxy/notice"
)

// Time in which the front door did not run judges nobody. While the container is paused (docker pause, SIGSTOP, a snapshot of the
// machine) deadlines pass that nobody could have kept. The kernel does not tell, but a loop that wakes long after it meant to can:
// its clock goes on from the moment that it meant to wake at, so that no deadline comes nearer by the pause.

const (
	// lostMillisMin is later than a busy machine lets a loop wake.
	lostMillisMin = 250
	// lostGraceMillis is what clients and workers need after a pause to get their turn.
	lostGraceMillis = 1_000
	// lostToldMillisMin is from where on the log tells of it.
	lostToldMillisMin = 1_000
	// napMillisMax is how long a loop sleeps at most when it has a deadline, unless half of the time until then is more: so a pause
	// that ends before the deadline shows as well.
	napMillisMax = 1_000
)

// never is later than everything on a loop's clock.
const never = math.MaxInt64

// wakeup is when a loop means to go on.
type wakeup struct {
	at      int64 // on the loop's clock; never, too
	due     int64 // the earliest deadline then; never, too
	slept   int64 // since when
	excused int64 // a deadline that has had its grace, and gets no other
	lost    int64 // milliseconds that the loop's clock has left out
	isLate  bool  // the last one was late
}

// plan sets the next wake-up, which is now where there is work, and gives the milliseconds until then, negative for ever.
func (w *wakeup) plan(now, due int64, work bool) int64 {
	w.slept, w.due, w.at = now, due, now
	wait := due - now
	switch {
	case work || wait <= 0:
		return 0
	case due == never:
		w.at = never
		return -1
	case wait > napMillisMax:
		wait = max(napMillisMax, wait/2)
	}
	w.at += wait
	return wait
}

// late gives how many milliseconds the clock has to be put back, when it is now: to the moment that was meant, or to a grace before
// the next deadline; never to before the loop slept. Late turns behind each other, without a sleep, are no pauses but a machine that is
// slow, on which the loop has to come to its deadlines all the same.
func (w *wakeup) late(now int64) int64 {
	wasLate := w.isLate
	w.isLate = w.at != never && now-w.at > lostMillisMin
	if !w.isLate || wasLate && w.at == w.slept {
		return 0
	}
	resumed := w.at
	if w.due != never && w.due > w.excused && w.due-w.at < lostGraceMillis {
		resumed, w.excused = max(w.slept, w.due-lostGraceMillis), w.due
	}
	return now - resumed
}

// loopClock is a loop's time, as of its turn.
type loopClock struct {
	now      int64 // milliseconds, monotonic, without pauses
	nowNanos int64
	epoch    time.Time // when now was 1
	wake     wakeup
	clock    wallClock
}

// tick sets the time of a turn.
func (c *loopClock) tick() {
	now := time.Now()
	elapsed := now.Sub(c.epoch) // monotonic
	c.clock.set(now)
	c.nowNanos, c.now = int64(elapsed), 1+elapsed.Milliseconds() // never 0, which stands for "never" in an exchange
}

// steady is the time in milliseconds with all pauses: what a worker does with a connection that is idle goes by that, and all loops
// have the same.
func (c *loopClock) steady() int64 { return c.now + c.wake.lost }

// passOver takes a pause out of the time.
func (c *loopClock) passOver(millis int64) {
	c.wake.lost += millis
	c.epoch = c.epoch.Add(time.Duration(millis) * time.Millisecond)
	c.now -= millis
	c.nowNanos -= millis * int64(time.Millisecond)
}

// excuse takes a pause out of the loop's clock, if there was one.
func (l *loop) excuse() {
	lost := l.wake.late(l.now)
	l.wake.at = never // until the next plan
	if lost == 0 {
		return
	}
	l.passOver(lost)
	if lost >= lostToldMillisMin {
		l.proxy.notices.Offer(notice.Line{
			Level: slog.LevelInfo, Message: "front door did not run for a while; deadlines wait",
			Reason: fmt.Sprintf("%v are not counted", time.Duration(lost)*time.Millisecond), Side: sideInternal.String(),
		})
	}
}

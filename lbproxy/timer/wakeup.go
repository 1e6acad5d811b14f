package timer

import "math"

// No deadline counts time in which the front door did not run. While the container is paused (docker pause, SIGSTOP, a
// snapshot of the machine) deadlines pass that could not be kept. The kernel does not tell, but a loop that wakes long
// after it meant to can: its clock goes on from the moment that it meant to wake at, so that no deadline comes nearer
// by the pause.

const (
	// lateMillisMin is later than a busy machine lets a loop wake.
	lateMillisMin = 250
	// graceMillis is what clients and workers need after a pause to get their turn.
	graceMillis = 1_000
	// napMillisMax is how long a loop sleeps at most when it has a deadline, unless half of the time until then is
	// more: so a pause that ends before the deadline shows as well.
	napMillisMax = 1_000
)

// Never is a deadline later than all others.
const Never = math.MaxInt64

// Wakeup is when a loop means to go on. The zero value has no plan. Times are milliseconds on the loop's clock, which
// is never 0.
type Wakeup struct {
	at      int64 // 0 where nothing was planned, or no deadline was there
	due     int64 // the earliest deadline then, or Never
	slept   int64 // since when
	excused int64 // a deadline that has had its grace, and gets no other
	isLate  bool  // the last one was late
}

// Plan sets the next wake-up, which is now where there is work, and gives the milliseconds until then, negative for
// ever.
func (w *Wakeup) Plan(now, due int64, work bool) int64 {
	w.slept, w.due, w.at = now, due, now
	wait := due - now
	switch {
	case work || wait <= 0:
		return 0
	case due == Never:
		w.at = 0
		return -1
	case wait > napMillisMax:
		wait = max(napMillisMax, wait/2)
	}
	w.at += wait
	return wait
}

// Late gives how many milliseconds the clock has to be put back, when it is now: to the moment that was meant, or to a
// grace before the next deadline; never to before the loop slept. Late turns behind each other, without a sleep, are
// no pauses but a machine that is slow, on which the loop has to come to its deadlines all the same. The plan is used
// up.
func (w *Wakeup) Late(now int64) int64 {
	at, wasLate := w.at, w.isLate
	w.at = 0
	w.isLate = at != 0 && now-at > lateMillisMin
	if !w.isLate || wasLate && at == w.slept {
		return 0
	}
	resumed := at
	if w.due != Never && w.due > w.excused && w.due-at < graceMillis {
		resumed, w.excused = max(w.slept, w.due-graceMillis), w.due
	}
	return now - resumed
}

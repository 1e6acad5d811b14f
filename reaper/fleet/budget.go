package fleet

import (
	"time"

	"percore/reaper/alarm"
)

// phase is how far the fleet as a whole is on its way to its end.
type phase uint8

const (
	serving   phase = iota
	preparing       // as serving, but programs that come first are not done
	lameDuck        // told to stop, still accepting
	stopping        // workers are drained and stopped, by priority
	flushing        // no process is left; their last output is on its way
	ended
)

// How the budget is split. Requests may take 70 % of it; the kill comes a second before its end, so that what
// is stopped last (the front door, with the answers it still holds) has that second; and PID 1 needs a moment
// to reap and to flush before the container runtime's own kill.
const (
	drainShare   = 0.7
	reserveMax   = time.Second
	reserveShare = 0.2 // for budgets too small for a whole second
	marginMax    = 250 * time.Millisecond
	marginShare  = 0.05
	flushMax     = 100 * time.Millisecond
)

// budget is how far the fleet is on its way to its end, and the time that is left for that.
type budget struct {
	phase   phase
	end     *alarm.Alarm  // Run has returned by then; nil before the stop begins
	reserve time.Duration // of the budget, after SIGKILL for all but the last priority
	margin  time.Duration // of the budget, after SIGKILL for the last priority
}

// goesOn reports whether the fleet has not been told to stop.
func (b *budget) goesOn() bool { return b.phase < lameDuck }

// stops reports whether workers are being stopped for good, or have been.
func (b *budget) stops() bool { return b.phase >= stopping }

// split divides the whole stop's time; end rings when it is over.
func (b *budget) split(whole time.Duration, end *alarm.Alarm) {
	b.end = end
	b.reserve = min(reserveMax, share(whole, reserveShare))
	b.margin = min(marginMax, share(whole, marginShare))
}

// patience is how long a worker may take from StopSignal to SIGKILL while the fleet stops: at most what its program
// allows. Percore's own programs have a reserve; the others share what is left before it with those that are stopped
// after them, in so many rounds.
func (b *budget) patience(allowed time.Duration, internal bool, rounds int) time.Duration {
	if internal {
		return min(allowed, b.end.Left()-b.margin)
	}
	return min(allowed, (b.end.Left()-b.reserve)/time.Duration(rounds))
}

func share(d time.Duration, part float64) time.Duration { return time.Duration(float64(d) * part) }

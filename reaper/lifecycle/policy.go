package lifecycle

import (
	"slices"
	"syscall"
	"time"

	"percore/reaper"
)

// Autorestart is whether a worker that ended by itself is started again; supervisord's values.
type Autorestart uint8

// The values of Autorestart.
const (
	Always     Autorestart = iota // whatever the code
	Unexpected                    // unless the code is one of ExitCodes
	Never                         // one life per worker
)

// Policy decides which end of a process is a failure, and what follows.
type Policy struct {
	Autorestart Autorestart
	ExitCodes   []int // expected codes, for Unexpected
	//lint:ignore ST1011 the name is supervisord's
	StartSecs    time.Duration // a life shorter than this is a failed start
	StartRetries int           // failed starts in a row before FATAL; below 0 never
	Backoff      Backoff
}

// Life is what is known of an incarnation when it ends: all that the judgement on its death depends on.
type Life struct {
	Exit         reaper.Exit
	WasReady     bool // it had become ready
	Proven       bool // an earlier one of the same worker had
	KilledByUs   bool // percore itself sent SIGKILL
	OOMKilled    bool // the cgroup's memory limit killed it
	Streak       int  // failed starts in a row before this one
	SiblingHolds bool // another worker of the program is ready, and not about to be given up itself
}

// Verdict is the judgement on a death.
type Verdict struct {
	Event    Event
	Streak   int  // failed starts in a row from now on
	Shortest bool // the back-off is Base, whatever the streak
	Refusals int  // above 0: the back-off goes by this, not by the streak
}

// Judge turns a death into the event that the transition table knows.
//
// A life is stable when it lasted StartSecs and got as far as ready: a worker that always dies before it can
// serve is failing to start, however long it takes over it.
func (p Policy) Judge(l Life) Verdict {
	switch {
	case p.isOver(l.Exit):
		return Verdict{Event: EventFinished}
	case l.WasReady && l.Exit.Uptime >= p.StartSecs:
		return Verdict{Event: EventLost}
	case l.KilledExternally():
		return Verdict{Event: EventFailed, Streak: l.Streak, Shortest: true}
	default:
		return p.JudgeFailure(l.Streak, l.SiblingHolds)
	}
}

// JudgeFailure is for a failed start, whether or not there was a process. One worker that keeps failing must
// not be given up while a sibling serves: it may be the port, the data or the moment.
func (p Policy) JudgeFailure(streak int, siblingHolds bool) Verdict {
	streak++
	if p.IsSpent(streak) && !siblingHolds {
		return Verdict{Event: EventExhausted, Streak: streak}
	}
	return Verdict{Event: EventFailed, Streak: streak}
}

// IsSpent reports whether so many failed starts in a row are more than the policy allows.
func (p Policy) IsSpent(streak int) bool { return p.StartRetries >= 0 && streak > p.StartRetries }

// isOver is Autorestart's answer. Unlike supervisord's it holds for short lives too: a task that is done is done.
func (p Policy) isOver(e reaper.Exit) bool {
	switch p.Autorestart {
	case Never:
		return true
	case Unexpected:
		return e.Signal == 0 && slices.Contains(p.ExitCodes, e.Code)
	case Always:
		return false
	default:
		return false
	}
}

// KilledExternally reports whether an operator or another program killed a worker that is known to come up: it did not
// crash. The kernel killing it for its memory is the worker's own doing.
func (l Life) KilledExternally() bool {
	return (l.WasReady || l.Proven) && l.Exit.Signal == syscall.SIGKILL && !l.KilledByUs && !l.OOMKilled
}

// Delay is how long to wait before the start that follows; 0 where nothing failed. chance is in [0,1).
func (v Verdict) Delay(b Backoff, chance float64) time.Duration {
	switch {
	case v.Shortest:
		return b.delay(1, chance)
	case v.Refusals > 0:
		return b.refused().delay(v.Refusals, chance)
	default:
		return b.delay(v.Streak, chance)
	}
}

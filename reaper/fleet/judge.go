package fleet

import (
	"slices"
	"syscall"
	"time"

	"percore/reaper"
)

// life is what is known of an incarnation when it ends: all that the judgement on its death depends on.
type life struct {
	exit         reaper.Exit
	wasReady     bool // it had become ready
	proven       bool // an earlier one of the same worker had
	killedByUs   bool // percore itself sent SIGKILL
	oomKilled    bool // the cgroup's memory limit killed it
	streak       int  // failed starts in a row before this one
	siblingHolds bool // another worker of the program is ready, and not about to be given up itself
}

// verdict is the judgement on a death.
type verdict struct {
	event    event
	streak   int  // failed starts in a row from now on
	shortest bool // the back-off is Base, whatever the streak
	refusals int  // above 0: the back-off goes by this, not by the streak
}

// judge turns a death into the event that the transition table knows.
//
// A life is stable when it lasted StartSecs and got as far as ready: a worker that always dies before it can
// serve is failing to start, however long it takes over it.
func (p *Program) judge(l life) verdict {
	switch {
	case p.isOver(l.exit):
		return verdict{event: evFinished}
	case l.wasReady && l.exit.Uptime >= p.StartSecs:
		return verdict{event: evLost}
	case l.killedFromOutside():
		return verdict{event: evFailed, streak: l.streak, shortest: true}
	default:
		return p.judgeFailure(l.streak, l.siblingHolds)
	}
}

// judgeFailure is for a failed start, whether or not there was a process. One worker that keeps failing must
// not be given up while a sibling serves: it may be the port, the data or the moment.
func (p *Program) judgeFailure(streak int, siblingHolds bool) verdict {
	streak++
	if p.spent(streak) && !siblingHolds {
		return verdict{event: evExhausted, streak: streak}
	}
	return verdict{event: evFailed, streak: streak}
}

func (p *Program) spent(streak int) bool { return p.StartRetries >= 0 && streak > p.StartRetries }

// isOver is Autorestart's answer. Unlike supervisord's it holds for short lives too: a task that is done is done.
func (p *Program) isOver(e reaper.Exit) bool {
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

// killedFromOutside: somebody killed a worker that is known to come up, so it did not crash. The kernel
// killing it for its memory is the worker's own doing.
func (l life) killedFromOutside() bool {
	return (l.wasReady || l.proven) && l.exit.Signal == syscall.SIGKILL && !l.killedByUs && !l.oomKilled
}

// words is a duration as people say it: "3h2m", "12.3s", "45ms".
func words(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	case d < time.Hour:
		return d.Round(time.Second).String()
	default:
		text := d.Round(time.Minute).String()
		return text[:len(text)-len("0s")]
	}
}

package fleet

import (
	"cmp"

	"percore/reaper/lifecycle"
)

// ExitOn says when a fleet gives up by itself. Percore's own programs count only where they are Vital.
type ExitOn uint8

// The values of ExitOn.
const (
	AllFatal  ExitOn = iota // all workers of the critical programs are FATAL, or have ended for good
	AnyFatal                // some worker is FATAL and no sibling serves that could bring it back, or as above
	FirstExit               // some worker has ended without being asked to; none is restarted
	NeverExit
)

// outcome says whether the fleet is done for, with whose code, and who that was.
func (f *Fleet) outcome() (Result, *worker, bool) {
	if f.preparing {
		return f.prepare()
	}
	if result, w, over := f.misplaced(); over && f.options.ExitOn != NeverExit {
		return result, w, true
	}
	var first *worker
	for _, w := range f.workers {
		if f.isDecisive(w) && (first == nil || w.last.order < first.last.order) {
			first = w
		}
	}
	switch {
	case first != nil && first.state == lifecycle.StateFatal:
		return Result{Code: cmp.Or(first.last.code, 1), Reason: first.last.reason}, first, true
	case first != nil:
		return Result{Code: first.last.code, Reason: first.last.reason}, first, true
	case f.options.ExitOn == NeverExit:
		return Result{}, nil, false
	default:
		return f.allDone()
	}
}

// isDecisive says whether this one worker ends the fleet.
func (f *Fleet) isDecisive(w *worker) bool {
	switch {
	case w.program.Vital:
		return w.state == lifecycle.StateFatal
	case w.program.Internal:
		return false
	}
	switch f.options.ExitOn {
	case AnyFatal:
		return w.state == lifecycle.StateFatal && (w.last.judged != lifecycle.EventExhausted || !f.siblingServes(w))
	case FirstExit:
		return w.state == lifecycle.StateFatal || w.state == lifecycle.StateExited
	case AllFatal, NeverExit:
		return false
	default:
		return false
	}
}

// allDone says whether the critical workers are all done for.
//
// With a FATAL among them the latest one ended the fleet, and PID 1 must not end with 0. Without, all
// were allowed to end: the first code that is not 0 is passed on, so that one worker makes percore a tini.
func (f *Fleet) allDone() (Result, *worker, bool) {
	var fatal, exited *worker
	for _, w := range f.workers {
		if !w.program.Critical {
			continue
		}
		switch w.state {
		case lifecycle.StateFatal:
			fatal = later(fatal, w)
		case lifecycle.StateExited:
			exited = firstFailure(exited, w)
		case lifecycle.StateStopped, lifecycle.StateStarting, lifecycle.StateRunning, lifecycle.StateBackoff, lifecycle.StateDraining, lifecycle.StateStopping:
			return Result{}, nil, false
		default:
			return Result{}, nil, false
		}
	}
	switch {
	case fatal != nil:
		return Result{Code: cmp.Or(fatal.last.code, 1), Reason: fatal.last.reason}, fatal, true
	case exited != nil:
		return Result{Code: exited.last.code, Reason: exited.last.reason}, exited, true
	default:
		return Result{}, nil, false
	}
}

// later is the worker that ended last.
func later(a, b *worker) *worker {
	if a == nil || b.last.order > a.last.order {
		return b
	}
	return a
}

// firstFailure is the worker that was the first to end with a code other than 0, else the last to end.
func firstFailure(a, b *worker) *worker {
	if a == nil {
		return b
	}
	switch aFailed, bFailed := a.last.code != 0, b.last.code != 0; {
	case aFailed && bFailed && a.last.order > b.last.order, bFailed && !aFailed:
		return b
	case aFailed:
		return a
	default:
		return later(a, b)
	}
}

package fleet

import "cmp"

// outcome says whether the critical workers are done for, with whose code, and who that was.
//
// With a FATAL among them the latest one ended the fleet, and PID 1 must not end with 0. Without, all
// were allowed to end: the first code that is not 0 is passed on, so that one worker makes percore a tini.
func (f *Fleet) outcome() (Result, *worker, bool) {
	var fatal, exited *worker
	for _, w := range f.workers {
		if w.program.Vital && w.state == StateFatal {
			return Result{Code: cmp.Or(w.last.code, 1), Reason: w.last.reason}, w, true
		}
	}
	for _, w := range f.workers {
		if !w.program.Critical {
			continue
		}
		switch w.state {
		case StateFatal:
			fatal = later(fatal, w)
		case StateExited:
			exited = telling(exited, w)
		case StateStopped, StateStarting, StateRunning, StateBackoff, draining, StateStopping:
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

// telling is the worker that was the first to end with a code other than 0, else the last to end.
func telling(a, b *worker) *worker {
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

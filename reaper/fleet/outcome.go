package fleet

import (
	"cmp"
	"fmt"

	"percore/reaper/lifecycle"
)

// done reports whether the fleet is done for: the worker whose end decides it is not nil then.
func (r *roster) done(on ExitOn) (Result, *worker) {
	if result, w := r.misplaced(); w != nil && on != NeverExit {
		return result, w
	}
	var first *worker
	for _, w := range r.workers {
		if r.isDecisive(w, on) && (first == nil || w.last.order < first.last.order) {
			first = w
		}
	}
	switch {
	case first != nil:
		return first.result(), first
	case on == NeverExit:
		return Result{}, nil
	default:
		return r.allDone()
	}
}

// isDecisive reports whether this one worker ends the fleet.
func (r *roster) isDecisive(w *worker, on ExitOn) bool {
	switch {
	case w.program.Vital:
		return w.state == lifecycle.StateFatal
	case w.program.Internal:
		return false
	}
	switch on {
	case AnyFatal:
		return w.state == lifecycle.StateFatal && (w.last.judged != lifecycle.EventExhausted || !r.siblingServes(w))
	case FirstExit:
		return w.state == lifecycle.StateFatal || w.state == lifecycle.StateExited
	case AllFatal, NeverExit:
		return false
	default:
		return false
	}
}

// allDone reports whether the critical workers are all done for.
//
// With a FATAL among them the latest one ended the fleet, and PID 1 must not end with 0. Without, all
// were allowed to end: the first code that is not 0 is passed on, so that one worker makes percore a tini.
func (r *roster) allDone() (Result, *worker) {
	var fatal, exited *worker
	for _, w := range r.workers {
		if !w.program.Critical {
			continue
		}
		switch w.state {
		case lifecycle.StateFatal:
			fatal = later(fatal, w)
		case lifecycle.StateExited:
			exited = firstFailure(exited, w)
		case lifecycle.StateStopped, lifecycle.StateStarting, lifecycle.StateRunning, lifecycle.StateBackoff,
			lifecycle.StateDraining, lifecycle.StateStopping:
			return Result{}, nil
		default:
			return Result{}, nil
		}
	}
	decisive := cmp.Or(fatal, exited)
	if decisive == nil {
		return Result{}, nil
	}
	return decisive.result(), decisive
}

// misplaced reports whether all that matters failed its first start because it listens somewhere else, and nothing
// has ever served: another round would not end otherwise. Those that are given up do not count: of workers that all
// want the same port, which is written into their program, the first listens there and the others end.
func (r *roster) misplaced() (Result, *worker) {
	var latest *worker
	for _, w := range r.workers {
		switch {
		case !w.program.Critical:
		case w.state == lifecycle.StateFatal && !w.proven && !w.last.misplaced:
		case w.proven || !w.last.misplaced:
			return Result{}, nil
		default:
			latest = later(latest, w)
		}
	}
	if latest == nil {
		return Result{}, nil
	}
	reason := fmt.Sprintf("no worker listens where it is expected to: %s %s; its command takes the address from %s",
		latest.title, latest.diagnosis.Full, latest.whereFrom())
	return Result{Code: codeMisplaced, Reason: reason}, latest
}

// whereFrom says how a worker is told where to listen.
func (w *worker) whereFrom() string {
	if w.program.Sockets {
		return "{socket}, or PERCORE_SOCKET in its environment"
	}
	return "{port}, or PORT in its environment"
}

// result is the fleet's, when this worker's latest end is what ended it. A worker that was given up never ends it
// with 0.
func (w *worker) result() Result {
	code := w.last.code
	if w.state == lifecycle.StateFatal {
		code = cmp.Or(code, 1)
	}
	return Result{Code: code, Reason: w.last.reason}
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

package fleet

import (
	"cmp"
	"slices"

	"percore/reaper/lifecycle"
)

// startAll wants every program, in the order of priority; or, as long as there are some, those that come first alone.
func (f *Fleet) startAll() {
	if f.preparing = slices.ContainsFunc(f.workers, isFirst); f.preparing {
		f.want(isFirst)
		return
	}
	f.want(func(w *worker) bool { return !w.program.Late })
	f.want(func(w *worker) bool { return w.program.Late })
}

func isFirst(w *worker) bool { return w.program.First }

func (f *Fleet) want(which func(*worker) bool) {
	for _, w := range f.workers {
		if which(w) {
			w.wanted = true
			f.reconcile(w)
		}
	}
}

// prepare looks at the programs that come first. When all have ended with code 0 they are forgotten and the others are
// started; as soon as one has not, it is what ends the fleet.
func (f *Fleet) prepare() (Result, *worker, bool) {
	for _, w := range f.workers {
		switch {
		case !w.program.First:
		case !w.state.IsFinal():
			return Result{}, nil, false
		case w.state == lifecycle.StateFatal || w.last.code != 0:
			f.log.Error("nothing is started: prestart failed", "process", w.title, "reason", w.last.reason)
			return Result{Code: cmp.Or(w.last.code, 1), Reason: w.last.reason}, w, true
		}
	}
	f.log.Info("prestart done")
	f.workers = slices.DeleteFunc(f.workers, isFirst)
	f.startAll()
	return Result{}, nil, false
}

package fleet

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"syscall"
	"time"

	"percore/reaper"
	"percore/reaper/lifecycle"
	"percore/reaper/probe"
)

// operation is an order on its way. What the fleet's goroutine needs of it is its own; the rest is handed to Do.
type operation struct {
	order   Order
	pending []*worker     // whose goal is not reached yet
	jobs    int           // of the maintenance that it waits for
	news    chan struct{} // holds one token while there is something to tell

	mu       sync.Mutex // guards the rest: the fleet writes, Do reads
	outcomes []Outcome
	done     bool
	err      error
}

func newOperation(o Order) *operation { return &operation{order: o, news: make(chan struct{}, 1)} }

// progress gives the outcomes from the nth on, and whether there will be more.
func (e *operation) progress(n int) (outcomes []Outcome, done bool, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.outcomes[n:]), e.done, e.err
}

// tell hands an outcome to Do.
func (e *operation) tell(w *worker, done string, err error) {
	e.mu.Lock()
	e.outcomes = append(e.outcomes, Outcome{Process: w.title, Done: done, Err: err})
	e.mu.Unlock()
	e.nudge()
}

// end is the last that Do hears.
func (e *operation) end(err error) {
	e.mu.Lock()
	if !e.done {
		e.done, e.err = true, err
	}
	e.mu.Unlock()
	e.nudge()
}

func (e *operation) nudge() {
	select {
	case e.news <- struct{}{}:
	default:
	}
}

// accept begins to carry an order out.
func (f *Fleet) accept(e *operation) {
	if f.shutdown.phase != serving {
		e.end(ErrStopping)
		return
	}
	workers, err := f.find(e.order.Processes)
	if err == nil && e.order.Verb.ends() && slices.ContainsFunc(workers, func(w *worker) bool { return w.program.Internal }) {
		err = ErrOwn
	}
	if err != nil {
		e.end(err)
		return
	}
	switch e.order.Verb {
	case Start:
		if f.preparing {
			e.end(ErrPreparing)
			return
		}
		f.each(e, workers, "started", f.beginStart)
	case Stop:
		f.each(e, workers, "stopped", f.beginStop)
	case Signal:
		f.each(e, workers, "signalled", func(w *worker) error { return f.pass(w, e.order.Signal) })
	case Restart:
		f.rollByOrder(e, workers)
	case Drain:
		f.each(e, workers, "drained", f.withhold)
	case Undrain:
		f.each(e, workers, "undrained", f.restore)
	case Scale:
		f.scaleByOrder(e)
	case Replace:
		f.replaceByOrder(e)
	default:
		e.end(errors.ErrUnsupported)
	}
}

// each begins with each worker, and waits for those with which it did begin.
func (f *Fleet) each(e *operation, workers []*worker, done string, begin func(*worker) error) {
	for _, w := range workers {
		if err := begin(w); err != nil {
			e.tell(w, done, err)
			continue
		}
		e.pending = append(e.pending, w)
	}
	f.operations = append(f.operations, e)
}

func (f *Fleet) beginStart(w *worker) error {
	switch w.state {
	case lifecycle.StateStarting, lifecycle.StateRunning, lifecycle.StateBackoff:
		return ErrAlreadyStarted
	case lifecycle.StateStopped, lifecycle.StateExited, lifecycle.StateFatal:
		w.wanted, w.streak, w.withheld = true, 0, false // whoever starts it wants it to serve
		f.apply(w, lifecycle.EventStart)
	case lifecycle.StateDraining, lifecycle.StateStopping:
		w.wanted, w.withheld = true, false // it starts again when it has stopped
	default:
	}
	return nil
}

func (f *Fleet) beginStop(w *worker) error {
	if w.state.IsFinal() {
		return ErrNotRunning
	}
	w.wanted = false
	f.retire(w)
	return nil
}

// forget drops an order that nobody waits for any more.
func (f *Fleet) forget(e *operation) {
	f.operations = slices.DeleteFunc(f.operations, func(other *operation) bool { return other == e })
}

// tend looks at every order under way: goals are states, so no event can be missed.
func (f *Fleet) tend() {
	f.operations = slices.DeleteFunc(f.operations, func(e *operation) bool {
		e.pending = slices.DeleteFunc(e.pending, func(w *worker) bool { return e.reached(w) })
		if len(e.pending) == 0 {
			e.end(nil)
		}
		return len(e.pending) == 0
	})
}

// reached says whether a worker has come to where the order wanted it, or never will, and tells.
func (e *operation) reached(w *worker) bool {
	switch e.order.Verb {
	case Start:
		return e.startReached(w)
	case Stop:
		return e.stopReached(w)
	case Drain:
		return e.drainReached(w)
	case Signal:
		e.tell(w, "signalled", nil)
		return true
	case Undrain:
		e.tell(w, "undrained", nil)
		return true
	case Restart, Scale, Replace:
		return true
	default:
		return true
	}
}

func (e *operation) startReached(w *worker) bool {
	switch {
	case !w.wanted:
		e.tell(w, "started", ErrOverruled)
	case w.state == lifecycle.StateRunning && w.hasLasted():
		e.tell(w, "started", nil)
	case w.state == lifecycle.StateBackoff || w.state.IsFinal() && w.state != lifecycle.StateStopped:
		e.tell(w, "started", w.failedToStart())
	default:
		return false
	}
	return true
}

// hasLasted says whether what runs counts as started: at once where its readiness was asked for, as supervisord does otherwise.
func (w *worker) hasLasted() bool {
	return w.program.Ready.Kind != probe.None || time.Since(w.started) >= w.program.StartSecs
}

func (e *operation) stopReached(w *worker) bool {
	switch {
	case w.state.IsFinal():
		e.tell(w, "stopped", nil)
	case w.wanted:
		e.tell(w, "stopped", ErrOverruled)
	default:
		return false
	}
	return true
}

func (e *operation) drainReached(w *worker) bool {
	switch {
	case w.drained || !w.alive():
		e.tell(w, "drained", nil)
	case !w.withheld:
		e.tell(w, "drained", ErrOverruled)
	default:
		return false
	}
	return true
}

// withhold takes a worker out of traffic, and leaves it running.
func (f *Fleet) withhold(w *worker) error {
	if !w.alive() {
		return ErrNotRunning
	}
	w.withheld = true
	w.drained = w.drained || !w.program.Traffic || f.options.Quiesce == nil
	return nil
}

func (f *Fleet) restore(w *worker) error {
	w.withheld = false
	w.drained = w.drained && !w.serves()
	return nil
}

// pass sends a signal on to a worker's process group.
func (f *Fleet) pass(w *worker, sig syscall.Signal) error {
	if !w.alive() || !f.signal(w, sig) {
		return ErrNotRunning
	}
	return nil
}

// failedToStart puts the latest ending into the errors that Do gives.
func (w *worker) failedToStart() error {
	sentinel := ErrSpawn
	switch {
	case w.last.judged != lifecycle.EventUnrunnable:
	case w.last.code == reaper.CodeNotFound:
		sentinel = ErrNoFile
	case w.last.code == reaper.CodeNotExecutable:
		sentinel = ErrNotExecutable
	}
	return fmt.Errorf("%w: %s", sentinel, w.last.reason)
}

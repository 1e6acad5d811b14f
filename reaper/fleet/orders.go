package fleet

import (
	"errors"
	"fmt"
	"slices"
	"syscall"
	"time"

	"percore/reaper/lifecycle"
	"percore/reaper/probe"
)

// orders carries operations out. Goals are states, so no event can be missed: after every batch of events each
// operation under way is looked at.
type orders struct {
	*base
	roster      *roster
	supervisor  *supervisor
	maintenance *maintenance
	budget      *budget
	underWay    []*operation
}

// accept begins to carry an order out.
func (o *orders) accept(op *operation) {
	workers, err := o.choose(op.order)
	if err != nil {
		op.end(err)
		return
	}
	switch op.order.Verb {
	case Start:
		o.each(op, workers, "started", o.start)
	case Stop:
		o.each(op, workers, "stopped", o.stop)
	case Signal:
		o.each(op, workers, "signalled", func(w *worker) error { return o.signal(w, op.order.Signal) })
	case Restart:
		o.maintenance.rollByOrder(op, workers)
	case Drain:
		o.each(op, workers, "drained", o.withhold)
	case Undrain:
		o.each(op, workers, "undrained", o.restore)
	case Scale:
		o.scale(op)
	case Replace:
		o.maintenance.updateByOrder(op)
	default:
		op.end(errors.ErrUnsupported)
	}
}

// choose gives the workers that an order is about, and says why it cannot be carried out now.
func (o *orders) choose(order Order) ([]*worker, error) {
	if !o.budget.goesOn() {
		return nil, ErrStopping
	}
	workers, err := o.roster.find(order.Processes)
	switch {
	case err != nil:
		return nil, err
	case order.Verb.ends() && slices.ContainsFunc(workers, func(w *worker) bool { return w.program.Internal }):
		return nil, ErrOwn
	case order.Verb == Start && o.budget.phase == preparing:
		return nil, ErrPreparing
	default:
		return workers, nil
	}
}

// each begins with each worker, and waits for those with which it did begin.
func (o *orders) each(op *operation, workers []*worker, done string, begin func(*worker) error) {
	for _, w := range workers {
		if err := begin(w); err != nil {
			op.tell(w.title, done, err)
			continue
		}
		op.pending = append(op.pending, w)
	}
	o.underWay = append(o.underWay, op)
}

func (o *orders) start(w *worker) error {
	switch w.state {
	case lifecycle.StateStarting, lifecycle.StateRunning, lifecycle.StateBackoff:
		return ErrAlreadyStarted
	case lifecycle.StateStopped, lifecycle.StateExited, lifecycle.StateFatal:
		w.wanted, w.streak, w.withheld = true, 0, false // an order to start it is one to have it serve
		o.supervisor.apply(w, lifecycle.EventStart)
	case lifecycle.StateDraining, lifecycle.StateStopping:
		w.wanted, w.withheld = true, false // it starts again when it has stopped
	default:
	}
	return nil
}

func (o *orders) stop(w *worker) error {
	if w.state.IsFinal() {
		return ErrNotRunning
	}
	w.wanted = false
	o.supervisor.retire(w)
	return nil
}

// withhold takes a worker out of traffic, and leaves it running.
func (o *orders) withhold(w *worker) error {
	if !w.alive() {
		return ErrNotRunning
	}
	w.withheld = true
	w.drained = w.drained || !o.supervisor.hasTraffic(w)
	return nil
}

func (o *orders) restore(w *worker) error {
	w.withheld = false
	w.drained = w.drained && !w.serves()
	return nil
}

// signal sends a signal to a worker's process group.
func (o *orders) signal(w *worker, sig syscall.Signal) error {
	if !w.alive() || !o.supervisor.signal(w, sig) {
		return ErrNotRunning
	}
	return nil
}

// scale is the verb Scale.
func (o *orders) scale(op *operation) {
	p := o.roster.poolOf(op.order.Group)
	if p == nil {
		op.end(fmt.Errorf("%s: %w", op.order.Group, ErrNoProcess))
		return
	}
	if p.program.Internal {
		op.end(ErrOwn)
		return
	}
	count := op.order.Count
	if op.order.Relative {
		count += p.size
	}
	o.maintenance.resize(p, count, "by order", op)
}

// forget drops an operation that nothing waits for any more.
func (o *orders) forget(op *operation) {
	o.underWay = slices.DeleteFunc(o.underWay, func(other *operation) bool { return other == op })
}

// advance looks at every operation under way.
func (o *orders) advance() {
	o.underWay = slices.DeleteFunc(o.underWay, func(op *operation) bool {
		op.pending = slices.DeleteFunc(op.pending, op.reached)
		if len(op.pending) == 0 {
			op.end(nil)
		}
		return len(op.pending) == 0
	})
}

// reached reports whether a worker has come to where the order wanted it, or never will, and tells.
func (o *operation) reached(w *worker) bool {
	switch o.order.Verb {
	case Start:
		return o.startReached(w)
	case Stop:
		return o.stopReached(w)
	case Drain:
		return o.drainReached(w)
	case Signal:
		o.tell(w.title, "signalled", nil)
		return true
	case Undrain:
		o.tell(w.title, "undrained", nil)
		return true
	case Restart, Scale, Replace:
		return true
	default:
		return true
	}
}

func (o *operation) startReached(w *worker) bool {
	switch {
	case !w.wanted:
		o.tell(w.title, "started", ErrOverruled)
	case w.state == lifecycle.StateRunning && w.hasLasted():
		o.tell(w.title, "started", nil)
	case w.state == lifecycle.StateBackoff || w.state.IsFinal() && w.state != lifecycle.StateStopped:
		o.tell(w.title, "started", w.failedToStart())
	default:
		return false
	}
	return true
}

// hasLasted reports whether what runs counts as started: at once where its readiness was asked for, as supervisord
// does otherwise.
func (w *worker) hasLasted() bool {
	return w.program.Ready.Kind != probe.None || time.Since(w.started) >= w.program.StartSecs
}

func (o *operation) stopReached(w *worker) bool {
	switch {
	case w.state.IsFinal():
		o.tell(w.title, "stopped", nil)
	case w.wanted:
		o.tell(w.title, "stopped", ErrOverruled)
	default:
		return false
	}
	return true
}

func (o *operation) drainReached(w *worker) bool {
	switch {
	case w.drained || !w.alive():
		o.tell(w.title, "drained", nil)
	case !w.withheld:
		o.tell(w.title, "drained", ErrOverruled)
	default:
		return false
	}
	return true
}

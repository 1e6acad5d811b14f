package fleet

import (
	"context"
	"fmt"
	"time"

	"percore/reaper/lifecycle"
	"percore/reaper/ports"
	"percore/reaper/probe"
)

// codeMisplaced is what a container ends with whose workers cannot listen where they are to: it is a fault of the configuration.
const codeMisplaced = 2

// usesPort says whether somebody is to connect to the worker's port: other programs may leave it alone.
func (w *worker) usesPort() bool {
	isAsked := func(r probe.Check) bool { return r.Kind == probe.TCP || r.Kind == probe.HTTP }
	p := w.program
	return w.port != 0 && !p.Sockets && (p.Traffic || isAsked(p.Ready) || isAsked(p.Health.Check))
}

// tryPort finds out before a fork whether the worker could listen. A worker that could not would end at once, and whoever holds its
// port would be taken for it.
func (f *Fleet) tryPort(w *worker) error {
	if !w.usesPort() {
		return nil
	}
	if holder := f.options.Ports.Holder(w.port); holder != "" {
		return &ports.HeldError{Port: w.port, Holder: holder}
	}
	return nil
}

// owned makes a readiness probe succeed only where it is the worker, or what it has started, who answered. Most often it is the worker
// itself, so that is looked at first: to find all that it has started takes a look at every process.
func (f *Fleet) owned(w *worker, attempt func(context.Context) error) func(context.Context) error {
	if !w.usesPort() {
		return attempt
	}
	process, port, title := w.process, w.port, w.title
	return func(ctx context.Context) error {
		if err := attempt(ctx); err != nil {
			return err
		}
		verdict := f.options.Ports.Whose(port, []int{process.PID()})
		if verdict != ports.Own {
			verdict = f.options.Ports.Whose(port, process.Members())
		}
		switch verdict {
		case ports.Foreign:
			return probe.ErrForeign
		case ports.Unknown:
			f.mail.post(func() { f.noteBelieved(title, port) })
		case ports.Own:
		}
		return nil
	}
}

// noteBelieved says once that nobody can be told from a worker.
func (f *Fleet) noteBelieved(title string, port int) {
	if !f.believed {
		f.believed = true
		f.log.Warn("whoever answers at a worker's port is taken for the worker", "process", title, "port", port, "reason", "/proc does not tell who listens there")
	}
}

// diagnoseAfter is how long a worker may take to listen before it is asked where it does. Each further look comes after twice the time.
const diagnoseAfter = 5 * time.Second

// diagnoseIn looks, after a while, for what a worker listens on that is not ready by then.
func (f *Fleet) diagnoseIn(w *worker, after time.Duration) {
	if !w.usesPort() && !w.program.Sockets {
		return
	}
	incarnation, process, expected, port := w.incarnation, w.process, w.address(), 0
	if w.usesPort() {
		port = w.port
	}
	f.clock.Allow(after, func() {
		if w.incarnation != incarnation || w.state != lifecycle.StateStarting || !w.alive() {
			return
		}
		f.diagnoseIn(w, 2*after)
		go func() { // to look at every process takes some milliseconds
			d := f.options.Ports.Diagnose(process.Members(), expected, port)
			f.mail.post(func() { f.diagnosed(w, incarnation, d) })
		}()
	})
}

// diagnosed takes in a diagnosis.
func (f *Fleet) diagnosed(w *worker, incarnation uint64, d ports.Diagnosis) {
	if w.incarnation != incarnation || w.state != lifecycle.StateStarting || w.diagnosis == d {
		return
	}
	if w.diagnosis = d; d.Full != "" {
		f.log.Warn("worker does not listen where it is expected to", "process", w.title, "pid", w.pid(), "reason", d.Full)
	}
}

// misplaced says whether all that matters failed its first start because it listens somewhere else, and nothing has ever served:
// another round would not end otherwise. Those that are given up do not count: of workers that all want the same port, which is written
// into their program, the first listens there and the others end.
func (f *Fleet) misplaced() (Result, *worker, bool) {
	var latest *worker
	for _, w := range f.workers {
		switch {
		case !w.program.Critical:
		case w.state == lifecycle.StateFatal && !w.proven && !w.last.misplaced:
		case w.proven || !w.last.misplaced:
			return Result{}, nil, false
		default:
			latest = later(latest, w)
		}
	}
	if latest == nil {
		return Result{}, nil, false
	}
	return Result{Code: codeMisplaced, Reason: fmt.Sprintf("no worker listens where it is expected to: %s %s; its command takes the address from %s",
		latest.title, latest.diagnosis.Full, latest.whereFrom())}, latest, true
}

// whereFrom says how a worker is told where to listen.
func (w *worker) whereFrom() string {
	if w.program.Sockets {
		return "{socket}, or PERCORE_SOCKET in its environment"
	}
	return "{port}, or PORT in its environment"
}

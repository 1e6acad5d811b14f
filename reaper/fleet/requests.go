package fleet

import (
	"context"
	"fmt"
	"syscall"

	"percore/reaper"
	"percore/reaper/lifecycle"
)

// Do carries an order out and returns when it is fulfilled, has failed, or ctx ended; what was begun goes on in the
// latter case. progress, which may be nil, is told each process's outcome as it comes, on the caller's goroutine;
// a Restart has two for each, "stopped" and "started". The error is the order's own, or that of the first process that
// had one. Do is safe from any goroutine, and works from Run on.
func (f *Fleet) Do(ctx context.Context, o Order, progress func(Outcome)) error {
	if progress == nil {
		progress = func(Outcome) {}
	}
	op := newOperation(o)
	f.mail.post(func() { f.orders.accept(op) })
	var first error
	told := 0
	for {
		select {
		case <-op.news:
		case <-f.over:
			return ErrStopping
		case <-ctx.Done():
			f.mail.post(func() { f.orders.forget(op) })
			return fmt.Errorf("%s: %w", o.Verb, ctx.Err())
		}
		outcomes, done, err := op.progress(told)
		for _, outcome := range outcomes {
			if outcome.Err != nil && first == nil {
				first = fmt.Errorf("%s %s: %w", o.Verb, outcome.Process, outcome.Err)
			}
			progress(outcome)
		}
		told += len(outcomes)
		if done && err != nil {
			return fmt.Errorf("%s: %w", o.Verb, err)
		}
		if done {
			return first
		}
	}
}

// Stop asks the fleet to end: drain, stop, and kill what is left, within StopTimeout. A second call kills
// everything at once. It is safe from any goroutine and at any time, before Run too.
func (f *Fleet) Stop(reason string) { f.mail.post(func() { f.course.stop(reason) }) }

// Roll replaces all workers, one after another, as a rolling restart; reason is for the log. Those that were stopped
// by order and those that have done their work stay as they are. It is safe from any goroutine. A call while a roll
// is under way has another one follow: what it was to bring into effect may have come too late for the first workers.
func (f *Fleet) Roll(reason string) { f.mail.post(func() { f.maintenance.roll(reason) }) }

// Grow changes the number of workers that get traffic by this many, which may be below 0; at least one stays. It is
// safe from any goroutine.
func (f *Fleet) Grow(by int, reason string) {
	f.mail.post(func() {
		if p := f.roster.poolOf(""); p != nil {
			f.maintenance.resize(p, p.size+by, reason, nil)
		}
	})
}

// Resize changes that number to n. It is safe from any goroutine.
func (f *Fleet) Resize(n int, reason string) {
	f.mail.post(func() {
		if p := f.roster.poolOf(""); p != nil && p.size != n {
			f.maintenance.resize(p, n, reason, nil)
		}
	})
}

// Drained reports that the front door has no request left on that incarnation of that endpoint and will give
// it no more. It is safe from any goroutine; a report about another incarnation is ignored.
func (f *Fleet) Drained(index int, incarnation uint64) {
	f.reported(index, incarnation, func(w *worker) {
		w.drained = !w.serves() // it is said once, maybe before the worker is to stop
		f.supervisor.apply(w, lifecycle.EventDrained)
	})
}

// Exhausted reports that an endpoint's incarnation has had all of its requests. It is safe from any goroutine, may
// come again and again, and is ignored about another incarnation.
func (f *Fleet) Exhausted(index int, incarnation uint64) {
	f.reported(index, incarnation, func(w *worker) {
		f.maintenance.recycle(w, incarnation, fmt.Sprintf("%d requests", w.requestsMax))
	})
}

// reported takes in what the front door says of an endpoint.
func (f *Fleet) reported(index int, incarnation uint64, take func(*worker)) {
	f.mail.post(func() {
		for _, w := range f.roster.workers {
			if w.seat == index && w.seat >= 0 && w.incarnation == incarnation {
				take(w)
			}
		}
	})
}

// KillHung kills a process of percore's own, named as Status has it, that does not answer any more. A new one follows
// as after any death. It is safe from any goroutine and is ignored about another incarnation.
func (f *Fleet) KillHung(process string, incarnation uint64) {
	f.mail.post(func() {
		for _, w := range f.roster.workers {
			if w.title == process && w.incarnation == incarnation && w.alive() {
				f.supervisor.killHung(w)
			}
		}
	})
}

// Forward hands a signal to the process group of every worker that runs, percore's own programs excepted. It is safe
// from any goroutine and does not wait.
func (f *Fleet) Forward(sig syscall.Signal) {
	f.mail.post(func() {
		for _, w := range f.roster.workers {
			if w.alive() && !w.program.Internal {
				f.supervisor.signal(w, sig)
			}
		}
		f.log.Info("signal forwarded", "signal", reaper.SignalName(sig))
	})
}

// ReopenLogs opens every log file anew, for logrotate and its like. It is safe from any goroutine and does not wait.
func (f *Fleet) ReopenLogs() { f.mail.post(f.outputs.sinks.Reopen) }

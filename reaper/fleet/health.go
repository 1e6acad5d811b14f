package fleet

import (
	"context"
	"errors"
	"time"

	"percore/reaper/lifecycle"
	"percore/reaper/probe"
)

// hungPatience is how long a worker that does not answer at all gets from StopSignal to SIGKILL: it will not hear, and its port is needed.
const hungPatience = 2 * time.Second

// examine checks a worker that has become ready until it has failed too often, or has gone.
func (f *Fleet) examine(w *worker) {
	h := w.program.Health
	if h.Check.Kind == probe.None {
		return
	}
	if h.Check.Kind == probe.Notify {
		f.feed(w)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	w.stopProbe = cancel
	incarnation, attempt := w.incarnation, f.checkup(w)
	go func() {
		err := h.Watch(ctx, attempt)
		if err != nil {
			f.mail.post(func() { f.ail(w, incarnation, !errors.Is(err, probe.ErrUnwell), "health check: "+h.Explain(err)) })
		}
	}()
}

// errFrozen is what a port does not tell: the kernel goes on accepting for a process that is stopped.
var errFrozen = errors.New("the process is stopped (SIGSTOP)")

// checkup is one check of a worker.
func (f *Fleet) checkup(w *worker) func(context.Context) error {
	attempt, pid := f.attempt(w, w.program.Health.Check), w.process.PID()
	return func(ctx context.Context) error {
		if f.options.Stopped(pid) {
			return errFrozen
		}
		return attempt(ctx)
	}
}

// ail takes a worker out of traffic and has it replaced, before any other maintenance. One that still answers may finish its requests.
func (f *Fleet) ail(w *worker, incarnation uint64, hung bool, reason string) {
	if w.incarnation != incarnation || w.state != lifecycle.StateRunning || !w.ready {
		return
	}
	f.log.Warn("worker is out of traffic", "process", w.title, "pid", w.process.PID(), "reason", reason, "next", "replace")
	w.ready, w.hung = false, hung
	f.replaceAiling(w, reason)
}

func (f *Fleet) replaceAiling(w *worker, reason string) {
	if f.shutdown.phase == serving && w.wanted {
		f.enqueue(&job{purpose: replacing, reason: w.title + ": " + reason, targets: []target{{w: w, incarnation: w.incarnation, wanted: true}}})
	}
}

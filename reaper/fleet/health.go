package fleet

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"

	"percore/reaper/alarm"
)

// Health is how a worker that is ready is looked after.
type Health struct {
	Check    Ready // ReadyTCP or ReadyHTTP; ReadyNone is not at all
	Interval time.Duration
	Timeout  time.Duration // of one check
	Failures int           // in a row until the worker is replaced
}

// hungPatience is how long a worker that does not answer at all gets from StopSignal to SIGKILL: it will not hear, and its port is needed.
const hungPatience = 2 * time.Second

// errUnwell is an answer, but not a good one.
var errUnwell = errors.New("unwell")

// examine checks a worker that has become ready until it has failed too often, or has gone.
func (f *Fleet) examine(w *worker) {
	h := w.program.Health
	if h.Check.Kind == ReadyNone {
		return
	}
	if h.Check.Kind == ReadyNotify {
		f.feed(w)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	w.stopProbe = cancel
	incarnation, attempt := w.incarnation, f.checkup(w)
	go func() {
		err := h.watch(ctx, attempt)
		if err != nil {
			f.mail.post(func() { f.ail(w, incarnation, !errors.Is(err, errUnwell), "health check: "+h.words(err)) })
		}
	}()
}

// words says what is wrong with a worker in place of what is wrong with a connection.
func (h Health) words(err error) string {
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return "no answer within " + h.Timeout.String()
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens at its address (connection refused)"
	default:
		return err.Error()
	}
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

// watch gives the last error when there were too many in a row, and nil when ctx ends. A check in which percore did not run tells
// nothing about the worker.
func (h Health) watch(ctx context.Context, check func(context.Context) error) error {
	pause := time.NewTimer(h.Interval)
	defer pause.Stop()
	for failures, excused := 0, false; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-pause.C:
			pause.Reset(h.Interval) // counted from here, so that a slow check does not delay the next
		}
		due := time.Now().Add(h.Timeout)
		bounded, cancel := context.WithTimeout(ctx, h.Timeout)
		err := check(bounded)
		cancel()
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil:
			failures, excused = 0, false
		case !excused && alarm.Missed(due):
			excused = true
		default:
			if failures++; failures >= h.Failures {
				return err
			}
			excused = false
		}
	}
}

// ail takes a worker out of traffic and has it replaced, before any other maintenance. One that still answers may finish its requests.
func (f *Fleet) ail(w *worker, incarnation uint64, hung bool, reason string) {
	if w.incarnation != incarnation || w.state != StateRunning || !w.ready {
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

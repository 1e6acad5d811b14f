package fleet

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
)

// lastFailure is why the latest attempt at readiness failed: the probe writes it and the fleet reads it.
type lastFailure struct{ err atomic.Pointer[error] }

// of is attempt, whose failures are kept.
func (l *lastFailure) of(attempt func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		err := attempt(ctx)
		if err != nil {
			l.err.Store(&err)
		}
		return err
	}
}

// get returns the latest failure, or nil where none is known.
func (l *lastFailure) get() error {
	if err := l.err.Load(); err != nil {
		return *err
	}
	return nil
}

// words says why a worker that is found ready in this way, at address, is not; empty is that nothing is known.
func (r Ready) words(err error, address string) string {
	request := ""
	if r.Kind == ReadyHTTP {
		request = "GET " + r.Path + ": "
	}
	switch {
	case r.Kind == ReadyNotify:
		return "it has not sent READY=1"
	case err == nil:
		return ""
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, os.ErrNotExist):
		return "nothing listens on " + address
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return request + "no answer within " + words(probeAttemptMax)
	case errors.Is(err, errForeign):
		return err.Error()
	default:
		return request + strings.TrimPrefix(err.Error(), errUnwell.Error()+": ")
	}
}

// overdue says that the worker's time to become ready is over, and why it is not ready as far as that is known.
func (f *Fleet) overdue(w *worker) {
	w.unreadiness = w.program.Ready.words(w.lastFailure.get(), w.address())
	f.log.Warn("worker is not ready in time", "process", w.title, "pid", w.pid(), "reason", w.unreadiness,
		"ready_timeout", w.program.ReadyTimeout, "next", "kill")
}

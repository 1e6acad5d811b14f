package probe

import (
	"context"
	"sync/atomic"
)

// LastFailure is why the latest attempt at readiness failed: the probe writes it and the fleet reads it.
type LastFailure struct{ err atomic.Pointer[error] }

// Of is attempt, whose failures are kept.
func (l *LastFailure) Of(attempt func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		err := attempt(ctx)
		if err != nil {
			l.err.Store(&err)
		}
		return err
	}
}

// Get returns the latest failure, or nil where none is known.
func (l *LastFailure) Get() error {
	if err := l.err.Load(); err != nil {
		return *err
	}
	return nil
}

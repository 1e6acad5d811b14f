package probe

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
	Check    Check // None is not at all
	Interval time.Duration
	Timeout  time.Duration // of one check
	Failures int           // in a row until the worker is replaced
}

// Watch gives the last error when there were too many in a row, and nil when ctx ends. A check in which percore did
// not run tells nothing about the worker.
func (h Health) Watch(ctx context.Context, check func(context.Context) error) error {
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

// Explain says what is wrong with a worker in place of what is wrong with a connection.
func (h Health) Explain(err error) string {
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return "no answer within " + h.Timeout.String()
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens at its address (connection refused)"
	default:
		return err.Error()
	}
}

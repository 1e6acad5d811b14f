package probe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// errTired is what a check fails with here.
var errTired = errors.New("tired")

// watchIn runs Watch in fake time; answers has what each check gives, from the first one on, and the last one goes on for ever.
func watchIn(t *testing.T, h Health, answers []error, ended func(err error, checks int, after time.Duration)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		start, checks := time.Now(), 0
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		err := h.Watch(ctx, func(context.Context) error {
			checks++
			return answers[min(checks, len(answers))-1]
		})
		ended(err, checks, time.Since(start))
	})
}

func TestAWorkerIsGivenUpAfterFailuresInARow(t *testing.T) {
	h := Health{Interval: 5 * time.Second, Timeout: 2 * time.Second, Failures: 3}
	for name, c := range map[string]struct {
		answers []error
		checks  int
		after   time.Duration
		ends    bool
	}{
		"all fail":                      {[]error{errTired}, 3, 15 * time.Second, true},
		"a success between counts anew": {[]error{errTired, errTired, nil, errTired, errTired, errTired}, 6, 30 * time.Second, true},
		"two in a row are borne":        {[]error{errTired, errTired, nil}, 720, time.Hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			watchIn(t, h, c.answers, func(err error, checks int, after time.Duration) {
				if errors.Is(err, errTired) != c.ends || after != c.after || checks < c.checks-1 || checks > c.checks {
					t.Errorf("got %v after %d checks and %v, want an end: %v, after %d and %v", err, checks, after, c.ends, c.checks, c.after)
				}
			})
		})
	}
}

func TestASlowCheckDoesNotDelayTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []time.Duration
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 21*time.Second)
		defer cancel()
		_ = Health{Interval: 5 * time.Second, Timeout: 2 * time.Second, Failures: 100}.Watch(ctx, func(ctx context.Context) error {
			at = append(at, time.Since(start))
			<-ctx.Done() // as a server that hangs
			return ctx.Err()
		})
		if fmt.Sprint(at) != "[5s 10s 15s 20s]" {
			t.Errorf("checks: got them at %v, want one in 5 s", at)
		}
	})
}

func TestACheckThatIsCutByTheEndIsNoFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		err := Health{Interval: time.Second, Timeout: time.Minute, Failures: 1}.Watch(ctx, func(context.Context) error {
			cancel() // the worker has gone meanwhile
			return errTired
		})
		if err != nil {
			t.Errorf("got %v, want nothing", err)
		}
	})
}

// TestOneCheckIsExcusedInWhichPercoreDidNotRun: it takes much longer than its timeout, which no live process lets happen.
func TestOneCheckIsExcusedInWhichPercoreDidNotRun(t *testing.T) {
	for name, c := range map[string]struct {
		late   []time.Duration // how long the checks take
		checks int
	}{
		"none is late":                      {[]time.Duration{0}, 2},
		"the first is late":                 {[]time.Duration{time.Minute, 0}, 3},
		"a second one in a row counts":      {[]time.Duration{time.Minute, time.Minute, 0}, 3},
		"each pause excuses one":            {[]time.Duration{time.Minute, 0, time.Minute, 0}, 4},
		"as late as a busy machine may be":  {[]time.Duration{2200 * time.Millisecond, 0}, 2},
		"later than a busy machine lets be": {[]time.Duration{2300 * time.Millisecond, 0}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				checks := 0
				h := Health{Interval: 5 * time.Second, Timeout: 2 * time.Second, Failures: 2}
				err := h.Watch(t.Context(), func(context.Context) error {
					checks++
					time.Sleep(c.late[min(checks, len(c.late))-1])
					return errTired
				})
				if !errors.Is(err, errTired) || checks != c.checks {
					t.Errorf("got %v after %d checks, want the failure after %d", err, checks, c.checks)
				}
			})
		})
	}
}

func TestAFailedHealthCheckIsExplained(t *testing.T) {
	h := Health{Timeout: 2 * time.Second}
	refused := &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	for want, err := range map[string]error{
		"no answer within 2s": fmt.Errorf("read the status line: %w", os.ErrDeadlineExceeded),
		"nothing listens at its address (connection refused)": refused,
		"unwell: status 503": fmt.Errorf("%w: status 503", ErrUnwell),
		"tired":              errTired,
	} {
		if got := h.Explain(err); got != want {
			t.Errorf("%v: got %q, want %q", err, got, want)
		}
	}
	if got := h.Explain(context.DeadlineExceeded); got != "no answer within 2s" {
		t.Errorf("a deadline: got %q", got)
	}
}

func TestTheLatestFailureIsKept(t *testing.T) {
	l := new(LastFailure)
	if got := l.Get(); got != nil {
		t.Errorf("before any attempt: got %v, want nil", got)
	}
	answers := []error{errTired, ErrUnwell, nil}
	attempt := l.Of(func(context.Context) error { err := answers[0]; answers = answers[1:]; return err })
	for _, want := range []error{errTired, ErrUnwell} {
		if err := attempt(t.Context()); !errors.Is(err, want) || !errors.Is(l.Get(), want) {
			t.Errorf("got %v and kept %v, want %v for both", err, l.Get(), want)
		}
	}
	if err := attempt(t.Context()); err != nil || !errors.Is(l.Get(), ErrUnwell) {
		t.Errorf("after a success: got %v and kept %v, want the failure before it", err, l.Get())
	}
}

// A check that was under way in a pause says nothing; one that fails because the worker is stuck does.
func TestAPauseIsNoFailedCheck(t *testing.T) {
	stuck := errors.New("stuck")
	late := func(context.Context) error { time.Sleep(time.Minute); return stuck }
	slow := func(ctx context.Context) error { <-ctx.Done(); return stuck }
	for name, c := range map[string]struct {
		checks []func(context.Context) error
		want   int // checks until it is given up
	}{
		"all fail":            {[]func(context.Context) error{slow, slow, slow}, 3},
		"one in a pause":      {[]func(context.Context) error{late, slow, slow, slow}, 4},
		"two apart":           {[]func(context.Context) error{late, slow, late, slow, slow}, 5},
		"it is always paused": {[]func(context.Context) error{late, late, late, late, late, late}, 6},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				asked := 0
				h := Health{Interval: 5 * time.Second, Timeout: 2 * time.Second, Failures: 3}
				err := h.Watch(t.Context(), func(ctx context.Context) error { asked++; return c.checks[asked-1](ctx) })
				if !errors.Is(err, stuck) || asked != c.want {
					t.Errorf("got %v after %d checks, want it stuck after %d", err, asked, c.want)
				}
			})
		})
	}
}

package fleet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall"
)

// Verb is what an order asks for.
type Verb uint8

// The verbs of orders.
const (
	Start   Verb = iota + 1 // start processes that are stopped; fulfilled when they are ready
	Stop                    // drain and stop processes, all at once; they stay stopped
	Restart                 // replace processes one after another, losing no request
	Signal                  // send Order.Signal to the process groups
	Scale                   // have Order.Count workers in Order.Group
	Drain                   // take processes out of traffic; fulfilled when their last request is done
	Undrain                 // undo Drain
	Replace                 // go over to Order.Programs, restarting what has changed
)

// String is the word that users type.
func (v Verb) String() string {
	words := [...]string{"none", "start", "stop", "restart", "signal", "scale", "drain", "undrain", "update"}
	if int(v) >= len(words) {
		return "unknown"
	}
	return words[v]
}

// ends says whether processes end by it.
func (v Verb) ends() bool { return v == Stop || v == Restart }

// Order is something that somebody wants from a running fleet. Which fields count depends on the verb.
type Order struct {
	Verb      Verb
	Processes []string       // GROUP:NAME-PORT, as Status has them; for Start, Stop, Restart, Signal, Drain and Undrain
	Signal    syscall.Signal // for Signal
	Group     string         // for Scale; empty is the group that gets traffic
	Count     int            // for Scale, at least 1; so many more, or fewer, where Relative
	Relative  bool
	Programs  []Program // for Replace: all that there are from now on
	Accepted  func()    // for Replace: called when it is not refused, before anything else, on the fleet's goroutine; may be nil
	Halted    func()    // for Replace: called there when its roll was halted, so that what was before holds again; may be nil
}

// Outcome is what came of an order for one process.
type Outcome struct {
	Process string // GROUP:NAME-PORT
	Done    string // "started", "stopped", "signalled", "drained", "undrained"; what was to be done when Err is not nil
	Err     error
}

// Why an order, or its part for one process, was not fulfilled. Errors that Do gives wrap them.
var (
	ErrNoProcess      = errors.New("no such process")
	ErrAlreadyStarted = errors.New("already started")
	ErrNotRunning     = errors.New("not running")
	ErrSpawn          = errors.New("spawn error")            // it ended, or was not ready in time
	ErrNoFile         = errors.New("no such file")           // the command does not exist
	ErrNotExecutable  = errors.New("file is not executable") // the command may not be run
	ErrBusy           = errors.New("a rolling restart is under way")
	ErrHalted         = errors.New("rolling restart halted")
	ErrOverruled      = errors.New("overruled by another order")
	ErrStopping       = errors.New("percore is stopping")
	ErrRange          = errors.New("out of range")
	ErrOwn            = errors.New("percore's own process, which every request passes through")
	ErrPreparing      = errors.New("prestart is still running")
)

// Do carries an order out and returns when it is fulfilled, has failed, or ctx ended; what was begun goes on in the
// latter case. progress, which may be nil, is told each process's outcome as it comes, on the caller's goroutine;
// a Restart has two for each, "stopped" and "started". The error is the order's own, or that of the first process that
// had one. Do is safe from any goroutine, and works from Run on.
func (f *Fleet) Do(ctx context.Context, o Order, progress func(Outcome)) error {
	if progress == nil {
		progress = func(Outcome) {}
	}
	e := newOperation(o)
	f.mail.post(func() { f.accept(e) })
	var first error
	told := 0
	for {
		select {
		case <-e.news:
		case <-f.over:
			return ErrStopping
		case <-ctx.Done():
			f.mail.post(func() { f.forget(e) })
			return fmt.Errorf("%s: %w", o.Verb, ctx.Err())
		}
		outcomes, done, err := e.progress(told)
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

// find gives the workers with these titles.
func (f *Fleet) find(titles []string) ([]*worker, error) {
	var list []*worker
	for _, title := range titles {
		i := slices.IndexFunc(f.workers, func(w *worker) bool { return w.title == title && !w.isSurplus() })
		if i < 0 {
			return nil, fmt.Errorf("%s: %w", title, ErrNoProcess)
		}
		if !slices.Contains(list, f.workers[i]) {
			list = append(list, f.workers[i])
		}
	}
	return list, nil
}

package fleet

import (
	"errors"
	"slices"
	"sync"
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

// ends reports whether processes end by it.
func (v Verb) ends() bool { return v == Stop || v == Restart }

// Order is what a user or a program wants from a running fleet. Which fields count depends on the verb.
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

// operation is an order on its way. What the fleet's goroutine needs of it is its own; the rest is handed to Do.
type operation struct {
	order   Order
	pending []*worker     // whose goal is not reached yet
	jobs    int           // of the maintenance that it waits for
	news    chan struct{} // holds one token while there is something to tell

	mu       sync.Mutex // guards the rest: the fleet writes, Do reads
	outcomes []Outcome
	done     bool
	err      error
}

func newOperation(o Order) *operation { return &operation{order: o, news: make(chan struct{}, 1)} }

// progress gives the outcomes from the nth on, and whether there will be more.
func (o *operation) progress(n int) (outcomes []Outcome, done bool, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.outcomes[n:]), o.done, o.err
}

// tell hands a process's outcome to Do.
func (o *operation) tell(process, done string, err error) {
	o.mu.Lock()
	o.outcomes = append(o.outcomes, Outcome{Process: process, Done: done, Err: err})
	o.mu.Unlock()
	o.nudge()
}

// end is the last that Do hears.
func (o *operation) end(err error) {
	o.mu.Lock()
	if !o.done {
		o.done, o.err = true, err
	}
	o.mu.Unlock()
	o.nudge()
}

func (o *operation) nudge() {
	select {
	case o.news <- struct{}{}:
	default:
	}
}

// Package handler is what PID 1 answers to the requests that come in by the control socket. It resolves names
// against the fleet's snapshot, gives the fleet orders, and puts what became of them into the protocol's terms;
// nothing of it runs on the fleet's goroutine.
//
// Begin with Answer in handler.go, which has a line for each verb. choose.go says which processes a name means,
// orders.go carries orders out, outcome.go words what became of them, wait.go tells a client what its order waits
// for; status.go, tail.go and logs.go only look.
package handler

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"time"

	"percore/entrypoint/control"
	"percore/reaper/fleet"
)

// Figures are what the front door counts.
type Figures struct {
	Workers map[int]WorkerFigures // by endpoint
	Held    control.Held
}

// WorkerFigures are what it counts of one worker's present process.
type WorkerFigures struct {
	Served   uint64        // requests so far
	InFlight int64         // of them not answered yet, upgraded connections included
	Oldest   time.Duration // age of its oldest request
	Stuck    time.Duration // of its silence to a request, where that is more than half of PERCORE_PROXY_READ_TIMEOUT
	Ejected  bool          // the front door does not choose it for a while, as it does not answer
}

// Fleet is what a handler needs of the fleet. A test gives it functions of its own.
type Fleet struct {
	Status    func() []fleet.WorkerStatus
	Condition func() fleet.Condition
	Do        func(context.Context, fleet.Order, func(fleet.Outcome)) error
	Tail      Tail
	LogPath   func(process, stream string) string
	Clear     func(process string) error
}

// Tail reads what a process has written, as fleet.Tail does.
type Tail func(process, stream string, from int64, bytesMax int) (
	data []byte, next int64, wake <-chan struct{}, ok bool,
)

// FleetOf is the part of f that a handler needs.
func FleetOf(f *fleet.Fleet) Fleet {
	return Fleet{Status: f.Status, Condition: f.Condition, Do: f.Do, Tail: f.Tail, LogPath: f.LogPath, Clear: f.Clear}
}

// Handler answers requests. All of its functions are safe from any goroutine.
type Handler struct {
	Fleet   Fleet
	Version string // of percore
	Traffic bool   // there is a front door
	// Command is what the workers are; nil where that is not known.
	Command func() string
	// Listen are the addresses of the front door; nil where that is not known.
	Listen func() []string

	// Figures asks the front door, and gives nil where that does not answer; nil where there is none.
	Figures func(ctx context.Context) *Figures
	// Configure answers update, reread and check.
	Configure func(ctx context.Context, r control.Request, reply control.Reply) (code int, err error)
	// Shutdown begins the end of the container.
	Shutdown func(reason string)
}

// Answer is a control.Handler.
func (h *Handler) Answer(ctx context.Context, r control.Request, reply control.Reply) (code int, err error) {
	j := &job{handler: h, ctx: ctx, request: r, reply: reply}
	if r.Introduce {
		_ = reply(control.Frame{Fleet: h.overview()})
	}
	switch r.Verb {
	case control.VerbStatus:
		return j.status(), nil
	case control.VerbPID:
		return j.pid(), nil
	case control.VerbReady:
		return j.ready(), nil
	case control.VerbStart, control.VerbStop, control.VerbSignal, control.VerbDrain, control.VerbUndrain:
		return j.each(r.Verb)
	case control.VerbRestart:
		return j.restart()
	case control.VerbScale:
		return j.scale()
	case control.VerbClear:
		return j.clear(), nil
	case control.VerbTail:
		return j.tail()
	case control.VerbLogs:
		return j.logs()
	case control.VerbUpdate, control.VerbReread, control.VerbCheck:
		return h.Configure(ctx, r, reply)
	case control.VerbShutdown:
		return j.shutdown()
	default:
		return control.CodeInvalid, fmt.Errorf("percore has no control command %q", r.Verb)
	}
}

// of are those of a worker, where the front door has told some. It may be called on nil.
func (f *Figures) of(s fleet.WorkerStatus) (WorkerFigures, bool) {
	if f == nil || s.Endpoint < 0 { // a program without traffic
		return WorkerFigures{}, false
	}
	w, counted := f.Workers[s.Endpoint]
	return w, counted
}

// figures asks the front door; nil where there is none, or it does not answer.
func (j *job) figures() *Figures {
	if j.handler.Figures == nil {
		return nil
	}
	return j.handler.Figures(j.ctx)
}

// job is one request on its way.
type job struct {
	handler *Handler
	ctx     context.Context
	request control.Request
	reply   control.Reply
	wrote   bool // tail had something to send
	code    int  // like supervisorctl's: of the last thing that went wrong
}

// text replies with lines for people.
func (j *job) text(format string, args ...any) {
	_ = j.reply(control.Frame{Text: fmt.Sprintf(format, args...)}) // a client that is gone needs none
}

// fault replies that something was not done.
func (j *job) fault(group, name string, f control.Fault, why string) {
	j.tell(control.Outcome{Group: group, Name: name, Fault: f, Why: why}, j.request.Verb)
}

// tell replies with an outcome; verb is the one that its exit code goes by.
func (j *job) tell(o control.Outcome, verb control.Verb) {
	if code := o.Fault.Code(verb); code != control.CodeOK {
		j.code = code
	}
	_ = j.reply(control.Frame{Outcome: &o}) // the order goes on without the client that gave it
}

func (j *job) pid() int {
	list := sorted(j.handler.Fleet.Status())
	names := j.request.Names
	switch {
	case len(names) == 0:
		j.text("%d", os.Getpid())
		return control.CodeOK
	case slices.Contains(names, all):
		for _, s := range withoutOwn(list) {
			j.text("%d", s.PID)
		}
		return control.CodeOK
	}
	for _, name := range names {
		found := choose(list, name)
		if found.whole || len(found.list) == 0 {
			j.code = control.CodeGeneric
			j.text("No such process %s", name)
			continue
		}
		pid := found.list[0].PID
		j.text("%s", strconv.Itoa(pid))
		if pid == 0 {
			j.code = control.CodeNotRunning
		}
	}
	return j.code
}

func (j *job) shutdown() (code int, err error) {
	if j.handler.Fleet.Condition().Stopping {
		j.text("ERROR: already shutting down")
		return control.CodeOK, nil
	}
	j.text("Shut down")
	j.handler.Shutdown("control command")
	return control.CodeOK, nil
}

// sorted is supervisord's order: by group, then by name.
func sorted(list []fleet.WorkerStatus) []fleet.WorkerStatus {
	return slices.SortedFunc(slices.Values(list), func(a, b fleet.WorkerStatus) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Name, b.Name))
	})
}

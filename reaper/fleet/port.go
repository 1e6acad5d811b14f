package fleet

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"percore/reaper"
	"percore/reaper/lifecycle"
	"percore/reaper/ports"
	"percore/reaper/probe"
	"percore/reaper/socket"
)

// Ports looks at who listens where.
type Ports struct {
	Holder func(port int) string                    // names who keeps a worker from listening there; empty is nobody
	Whose  func(port int, pids []int) ports.Verdict // whether one of the processes is who listens there
	Named  func(port int) string                    // names who listens there
	Of     func(pids []int) []string                // what the processes listen on
}

// realPorts looks at /proc.
func realPorts() *Ports {
	return &Ports{
		Holder: ports.Holder, Whose: ports.Whose, Of: ports.Of,
		Named: func(port int) string {
			list := ports.At(port)
			if len(list) == 0 {
				return "nobody any more"
			}
			return ports.Name(list)
		},
	}
}

// codeMisplaced is what a container ends with whose workers cannot listen where they are to: it is a fault of the configuration.
const codeMisplaced = 2

// heldError is a port that somebody else holds when its worker is to be started.
type heldError struct {
	port   int
	holder string
}

// Error reads "port 8001 is held by pid 77 (python3 -m http.server)".
func (e *heldError) Error() string { return fmt.Sprintf("port %d is held by %s", e.port, e.holder) }

// usesPort says whether somebody is to connect to the worker's port: other programs may leave it alone.
func (w *worker) usesPort() bool {
	isAsked := func(r probe.Check) bool { return r.Kind == probe.TCP || r.Kind == probe.HTTP }
	p := w.program
	return w.port != 0 && !p.Sockets && (p.Traffic || isAsked(p.Ready) || isAsked(p.Health.Check))
}

// tryPort finds out before a fork whether the worker could listen. A worker that could not would end at once, and whoever holds its
// port would be taken for it.
func (f *Fleet) tryPort(w *worker) error {
	if !w.usesPort() {
		return nil
	}
	if holder := f.options.Ports.Holder(w.port); holder != "" {
		return &heldError{port: w.port, holder: holder}
	}
	return nil
}

// owned makes a readiness probe succeed only where it is the worker, or what it has started, who answered. Most often it is the worker
// itself, so that is looked at first: to find all that it has started takes a look at every process.
func (f *Fleet) owned(w *worker, attempt func(context.Context) error) func(context.Context) error {
	if !w.usesPort() {
		return attempt
	}
	process, port, title := w.process, w.port, w.title
	return func(ctx context.Context) error {
		if err := attempt(ctx); err != nil {
			return err
		}
		verdict := f.options.Ports.Whose(port, []int{process.PID()})
		if verdict != ports.Own {
			verdict = f.options.Ports.Whose(port, process.Members())
		}
		switch verdict {
		case ports.Foreign:
			return probe.ErrForeign
		case ports.Unknown:
			f.mail.post(func() { f.noteBelieved(title, port) })
		case ports.Own:
		}
		return nil
	}
}

// noteBelieved says once that nobody can be told from a worker.
func (f *Fleet) noteBelieved(title string, port int) {
	if !f.believed {
		f.believed = true
		f.log.Warn("whoever answers at a worker's port is taken for the worker", "process", title, "port", port, "reason", "/proc does not tell who listens there")
	}
}

// diagnoseAfter is how long a worker may take to listen before it is asked where it does. Each further look comes after twice the time.
const diagnoseAfter = 5 * time.Second

// diagnosis is what is wrong with where a worker listens; empty is nothing.
type diagnosis struct {
	public string // of addresses alone, so that anybody may read it
	full   string // with the name of who listens in its place
}

// diagnoseIn looks, after a while, for what a worker listens on that is not ready by then.
func (f *Fleet) diagnoseIn(w *worker, after time.Duration) {
	if !w.usesPort() && !w.program.Sockets {
		return
	}
	incarnation, process, expected, port := w.incarnation, w.process, w.address(), 0
	if w.usesPort() {
		port = w.port
	}
	f.clock.Allow(after, func() {
		if w.incarnation != incarnation || w.state != lifecycle.StateStarting || !w.alive() {
			return
		}
		f.diagnoseIn(w, 2*after)
		go func() { // to look at every process takes some milliseconds
			d := f.options.Ports.diagnose(process, expected, port)
			f.mail.post(func() { f.diagnosed(w, incarnation, d) })
		}()
	})
}

// diagnose compares what a worker listens on with what it is expected to.
func (p *Ports) diagnose(process *reaper.Process, expected string, port int) diagnosis {
	members := process.Members()
	found := p.Of(members)
	if slices.ContainsFunc(found, func(address string) bool { return fits(address, expected, port) }) {
		return diagnosis{}
	}
	isForeign := port != 0 && p.Whose(port, members) == ports.Foreign
	switch {
	case len(found) == 0 && !isForeign:
		return diagnosis{} // it takes its time
	case len(found) == 0:
		found = []string{"nothing"}
	}
	found = found[:min(len(found), addressesMax)]
	d := diagnosis{
		public: "listens on " + strings.Join(withoutPaths(found), ", ") + " instead of " + expected,
		full:   "listens on " + strings.Join(found, ", ") + " instead of " + expected,
	}
	if isForeign {
		d.public += ", where another process does"
		d.full += ", where " + p.Named(port) + " does"
	}
	return d
}

// addressesMax is how many addresses a sentence can bear.
const addressesMax = 3

// withoutPaths leaves out what a worker may choose freely.
func withoutPaths(addresses []string) []string {
	list := slices.Clone(addresses)
	for i, address := range list {
		if strings.HasPrefix(address, socket.Prefix) {
			list[i] = "a unix socket"
		}
	}
	return list
}

// fits says whether who listens on address can be reached at the expected one.
func fits(address, expected string, port int) bool {
	return address == expected || port != 0 && (address == fmt.Sprintf("0.0.0.0:%d", port) || address == fmt.Sprintf("[::]:%d", port))
}

// diagnosed takes in a diagnosis.
func (f *Fleet) diagnosed(w *worker, incarnation uint64, d diagnosis) {
	if w.incarnation != incarnation || w.state != lifecycle.StateStarting || w.diagnosis == d {
		return
	}
	if w.diagnosis = d; d.full != "" {
		f.log.Warn("worker does not listen where it is expected to", "process", w.title, "pid", w.pid(), "reason", d.full)
	}
}

// misplaced says whether all that matters failed its first start because it listens somewhere else, and nothing has ever served:
// another round would not end otherwise. Those that are given up do not count: of workers that all want the same port, which is written
// into their program, the first listens there and the others end.
func (f *Fleet) misplaced() (Result, *worker, bool) {
	var latest *worker
	for _, w := range f.workers {
		switch {
		case !w.program.Critical:
		case w.state == lifecycle.StateFatal && !w.proven && !w.last.misplaced:
		case w.proven || !w.last.misplaced:
			return Result{}, nil, false
		default:
			latest = later(latest, w)
		}
	}
	if latest == nil {
		return Result{}, nil, false
	}
	return Result{Code: codeMisplaced, Reason: fmt.Sprintf("no worker listens where it is expected to: %s %s; its command takes the address from %s",
		latest.title, latest.diagnosis.full, latest.whereFrom())}, latest, true
}

// whereFrom says how a worker is told where to listen.
func (w *worker) whereFrom() string {
	if w.program.Sockets {
		return "{socket}, or PERCORE_SOCKET in its environment"
	}
	return "{port}, or PORT in its environment"
}

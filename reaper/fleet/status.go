package fleet

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"percore/reaper"
	"percore/reaper/lifecycle"
	"percore/reaper/output"
)

// WorkerStatus is one worker at one moment.
type WorkerStatus struct {
	Process     string // GROUP:NAME-PORT
	Group       string
	Name        string // NAME-PORT
	Program     string // NAME
	Index       int    // within the program
	Meant       int    // workers that its program is meant to have; those on their way out are not among them
	Endpoint    int    // the front door's number for it; -1 is none
	Port        int    // 0 is none
	Priority    int
	Internal    bool // percore's own, such as the front door
	State       lifecycle.State
	Wanted      bool      // whether it is meant to run
	Ready       bool      // whether it gets traffic
	PID         int       // 0 when there is no process
	Started     time.Time // of the process; zero when there is none
	Incarnation uint64    // counts attempts to start a process
	Starts      uint64    // processes so far
	Restarts    uint64    // processes so far, without the first
	LastExit    string    // how the last process ended, or why it was not started, in words; empty when none has
	LastCode    int       // its exit code, 128+n for signal n
	LastAt      time.Time // when that was
	Waiting     Waiting   // what others wait for
	// WaitingUntil is when that is over at the latest; zero is not known.
	WaitingUntil time.Time
	Diagnosis    string // why the process is not ready, where that is known: what it listens on instead; empty is nothing
	Complaint    string // supervisord's words for what is wrong in BACKOFF and FATAL
}

// Waiting is what is to happen next to a process.
type Waiting uint8

// What is waited for.
const (
	ForNothing  Waiting = iota
	ForRequests         // the last ones that it has, before it is stopped
	ForEnd              // it was asked to end
	ForReady            // it was started
)

// waiting is what the worker is waited for, and until when.
func (w *worker) waiting() (Waiting, time.Time) {
	switch {
	case w.state == lifecycle.StateDraining:
		return ForRequests, w.due()
	case w.state == lifecycle.StateStopping:
		return ForEnd, w.due()
	case w.state == lifecycle.StateStarting:
		return ForReady, w.due()
	default:
		return ForNothing, time.Time{}
	}
}

// Uptime is how long the process has run by now; 0 when there is none.
func (s WorkerStatus) Uptime(now time.Time) time.Duration {
	if s.Started.IsZero() {
		return 0
	}
	return now.Sub(s.Started)
}

// Description is the third column of supervisorctl's status, word for word.
func (s WorkerStatus) Description(now time.Time) string {
	switch s.State {
	case lifecycle.StateRunning:
		return fmt.Sprintf("pid %d, uptime %s", s.PID, clock(s.Uptime(now)))
	case lifecycle.StateBackoff, lifecycle.StateFatal:
		return s.Complaint
	case lifecycle.StateStopped, lifecycle.StateExited:
		if s.LastAt.IsZero() {
			return "Not started"
		}
		return s.LastAt.Format("Jan 02 03:04 PM")
	default:
		return ""
	}
}

// clock is a duration as Python prints it: "0:00:18", "1 day, 2:03:04".
func clock(d time.Duration) string {
	seconds := int64(max(d, 0) / time.Second)
	days, seconds := seconds/(24*60*60), seconds%(24*60*60)
	text := fmt.Sprintf("%d:%02d:%02d", seconds/3600, seconds/60%60, seconds%60)
	switch days {
	case 0:
		return text
	case 1:
		return "1 day, " + text
	default:
		return fmt.Sprintf("%d days, %s", days, text)
	}
}

// Condition is what there is to say about the fleet as a whole.
type Condition struct {
	Stopping    bool
	Maintenance string // what is being done to the fleet just now, in words; empty is nothing
	Degraded    string // why the fleet is not as it should be, such as a rolling restart that was halted; empty is nothing
}

// overview is a snapshot of everything that Status and Condition tell.
type overview struct {
	workers   []WorkerStatus
	tails     []*output.Tail               // of the same workers
	logFiles  [][output.Kinds]*output.File // likewise; nil where a stream has none
	condition Condition
}

// find gives the index of a worker; below 0 is none.
func (o *overview) find(process string) int {
	return slices.IndexFunc(o.workers, func(s WorkerStatus) bool { return s.Process == process })
}

// Status is a snapshot of all workers in the order of their start, as of the last event. It never waits, and
// is safe from any goroutine before, while and after Run. The slice is the caller's to read, not to change.
func (f *Fleet) Status() []WorkerStatus { return f.overview.Load().workers }

// Condition is as of the last event, and as safe as Status.
func (f *Fleet) Condition() Condition { return f.overview.Load().condition }

func (f *Fleet) snapshot() {
	o := overview{workers: make([]WorkerStatus, 0, len(f.roster.workers))}
	for _, w := range f.roster.workers {
		o.workers = append(o.workers, w.status())
		o.tails = append(o.tails, &w.tail)
		o.logFiles = append(o.logFiles, w.logFiles)
	}
	o.condition = Condition{Stopping: !f.budget.goesOn(), Maintenance: f.maintenance.words(), Degraded: f.degraded()}
	f.overview.Store(&o)
}

func (w *worker) status() WorkerStatus {
	s := WorkerStatus{
		Process: w.title, Group: w.program.Group, Name: w.name, Program: w.program.Name, Index: w.index,
		Meant: w.pool.size, Endpoint: w.seat, Port: w.port, Priority: w.program.Priority, Internal: w.program.Internal,
		State: w.state, Wanted: w.wanted, Ready: w.serves(),
		Incarnation: w.incarnation, Starts: w.starts, Restarts: max(w.starts, 1) - 1,
		LastExit: w.last.reason, LastCode: w.last.code, LastAt: w.last.at,
		Diagnosis: w.diagnosis.Full, Complaint: w.complaint(),
	}
	s.Waiting, s.WaitingUntil = w.waiting()
	if w.alive() {
		s.PID, s.Started = w.process.PID(), w.started
	}
	return s
}

// degraded puts what is wrong into words, all of it.
func (f *Fleet) degraded() string {
	var reasons []string
	switch m := f.maintenance; {
	case m.halt != "" && m.undone:
		reasons = append(reasons, m.haltedUpdate(m.halt))
	case m.halt != "":
		reasons = append(reasons, "rolling restart halted: "+m.halt+"; the others run on")
	}
	for _, w := range f.roster.workers {
		switch {
		case !w.degraded || w.ready:
		case w.last.reason == "" || w.diagnosis.Full != "": // which is said below
			reasons = append(reasons, w.title+" keeps failing")
		default:
			reasons = append(reasons, w.title+" keeps failing: "+w.last.reason)
		}
		if w.diagnosis.Full != "" {
			reasons = append(reasons, w.title+" "+w.diagnosis.Full)
		}
		if w.withheld && w.alive() {
			reasons = append(reasons, w.title+" is drained by order")
		}
	}
	return strings.Join(reasons, "; ")
}

// complaint is supervisord's text for a start that did not succeed.
func (w *worker) complaint() string {
	command := ""
	if len(w.program.Command) > 0 {
		command = w.program.Command[0]
	}
	switch {
	case w.state != lifecycle.StateBackoff && w.state != lifecycle.StateFatal:
		return ""
	case w.last.spawned:
		return "Exited too quickly (process log may have details)"
	case w.last.judged != lifecycle.EventUnrunnable:
		return w.last.reason
	case w.last.code == reaper.CodeNotFound:
		return fmt.Sprintf("can't find command '%s'", command)
	default:
		return fmt.Sprintf("command at '%s' is not executable", command)
	}
}

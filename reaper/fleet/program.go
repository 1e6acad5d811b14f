package fleet

import (
	"os"
	"reflect"
	"syscall"
	"time"

	"percore/reaper"
	"percore/reaper/lifecycle"
	"percore/reaper/output"
	"percore/reaper/probe"
)

// Program is one kind of process and how many of it there are. A change of a field takes a new process, unless its
// tag change says otherwise: count, judged, or own for functions, which cannot be compared and which only percore's
// own programs have. See Changed.
type Program struct {
	Group, Name string
	Command     []string // words; {port}, {socket}, {index} and {name} are replaced anywhere in them
	Path        string   // the program's file, where that is not the command's first word
	Workers     int      `change:"count"` // at least 1
	WorkersMax  int      `change:"count"` // how many there may be later; 1024 when 0
	PortsFrom   int      // worker i has this port + i; 0 is no port
	Sockets     bool     // each worker listens on a unix socket of its own instead of its port
	Env         []string // what every worker starts from; its own variables are added
	Dir         string
	Credential  *reaper.Credential
	Umask       *int  // nil is percore's own
	NoNewPrivs  bool  // nothing that a worker executes gives it privileges (man 2 prctl)
	CPUs        []int // worker i is pinned to the one at i modulo their number; none are pinned when empty

	lifecycle.Policy `change:"judged"`
	Role
	Stopping
	Output

	Ready        probe.Check // without a port or a socket it is probe.None
	Health       probe.Health
	Limits       Limits
	ReadyTimeout time.Duration `change:"judged"` // not ready in time is a failed start

	// Check says what stands against a start of a worker now, such as a limit that leaves too little; nil is nothing,
	// always. It is called on the fleet's goroutine.
	Check func() error `change:"own"`

	// Files gives further descriptors, from 3 up, for one incarnation. It and started, which is told how
	// the spawn went and may close what Files opened, are called on the fleet's goroutine. Nil is none.
	Files func(incarnation uint64) (extra []*os.File, started func(error), err error) `change:"own"`
}

// Role is what a program is in the fleet.
type Role struct {
	Priority int  // lower starts first and stops last
	First    bool // runs once, and has to end with code 0, before any other program is started
	Late     bool `change:"judged"` // starts after all others nevertheless: nothing waits for it, and a fork costs milliseconds
	Internal bool // percore's own: not meant when a user says all, and not part of a rolling restart
	Traffic  bool // its workers are endpoints of the front door
	Critical bool `change:"judged"` // the container ends when all workers of critical programs are done for
	Vital    bool `change:"judged"` // the container ends when one of its workers is FATAL, whatever else runs
}

// Stopping is how a program's processes are signalled and stopped.
type Stopping struct {
	StopSignal syscall.Signal                    `change:"judged"`
	SignalMap  map[syscall.Signal]syscall.Signal // what workers get instead of what percore sends them; 0 is nothing
	//lint:ignore ST1011 the name is supervisord's
	StopWaitSecs time.Duration `change:"judged"` // from StopSignal to SIGKILL
	DrainTimeout time.Duration `change:"judged"` // how long a stop or a replacement waits for requests in flight; 30 s when 0

	// StopAsGroup sends StopSignal to a worker's whole process group at once, not to the worker first and to the rest
	// when it has ended.
	StopAsGroup bool
	// KillTree makes SIGKILL reach all below a program that comes First, in sessions of their own too; it does for
	// any other anyway.
	KillTree bool
}

// Output is where a program's output goes.
type Output struct {
	// RedirectStderr makes stderr the same pipe as stdout, in the order of the writes. Framing is put around each line.
	Stdout, Stderr output.LogFile
	RedirectStderr bool
	Framing        output.Framing

	// Inherit gives the workers percore's own stdout instead of a pipe that percore copies, and a file in memory as
	// stderr, of which percore tells the first lines when the worker has ended. Their way to percore's stderr is
	// among Files.
	Inherit bool
}

// Change is how far one program is another.
type Change uint8

// The changes, from none to the whole.
const (
	ChangeNone    Change = iota // but for how many there are
	ChangeJudged                // of what percore alone goes by: when and how it starts and ends a process, and how it judges that
	ChangeProcess               // of what a process is made of: one of the old program is none of the new
)

// Changed says how far the program q is another than p.
func (p Program) Changed(q Program) Change { return changed(reflect.ValueOf(p), reflect.ValueOf(q)) }

// changed compares field by field, and a part without a tag by its own fields.
func changed(a, b reflect.Value) (change Change) {
	for i := range a.NumField() {
		field := a.Type().Field(i)
		switch tag := field.Tag.Get("change"); {
		case tag == "count" || tag == "own" || reflect.DeepEqual(a.Field(i).Interface(), b.Field(i).Interface()):
		case tag == "judged":
			change = max(change, ChangeJudged)
		case field.Anonymous:
			change = max(change, changed(a.Field(i), b.Field(i)))
		default:
			return ChangeProcess
		}
	}
	return change
}

// Limits are what makes a worker due for replacement though nothing is wrong with it yet. 0 is no limit.
type Limits struct {
	Requests       uint64        // answered by one process
	RequestsJitter uint64        // up to this many more, by chance, so that not all are due at once
	Lifetime       time.Duration // of one process
	RSS            int64         // resident bytes of the process and all below it
}

// requestsMax is the front door's limit for one incarnation.
func (l Limits) requestsMax(chance float64) uint64 {
	if l.Requests == 0 {
		return 0
	}
	return l.Requests + uint64(chance*float64(l.RequestsJitter+1))
}

// Defaults for fields that are zero; the numbers are those of the configuration's reference.
const (
	defaultWorkersMax     = 1024
	defaultReadyTimeout   = 60 * time.Second
	defaultStopWait       = 10 * time.Second
	defaultDrainTimeout   = 30 * time.Second
	defaultStopTimeout    = 9 * time.Second
	defaultHealthInterval = 5 * time.Second
	defaultHealthTimeout  = 2 * time.Second
	defaultHealthFailures = 3
)

func (p Program) withDefaults() Program {
	p.Workers = max(p.Workers, 1)
	if p.WorkersMax == 0 {
		p.WorkersMax = max(p.Workers, defaultWorkersMax)
	}
	if p.PortsFrom == 0 && !p.Sockets {
		p.Ready, p.Health.Check = withoutPort(p.Ready), withoutPort(p.Health.Check)
	}
	if p.StopSignal == 0 {
		p.StopSignal = syscall.SIGTERM
	}
	p.StopWaitSecs = orDefault(p.StopWaitSecs, defaultStopWait)
	p.DrainTimeout = orDefault(p.DrainTimeout, defaultDrainTimeout)
	p.ReadyTimeout = orDefault(p.ReadyTimeout, defaultReadyTimeout)
	if p.Health == (probe.Health{}) {
		p.Health.Check.Kind = probe.None
	}
	p.Health.Interval = orDefault(p.Health.Interval, defaultHealthInterval)
	p.Health.Timeout = orDefault(p.Health.Timeout, defaultHealthTimeout)
	if p.Health.Failures == 0 {
		p.Health.Failures = defaultHealthFailures
	}
	p.Backoff = p.Backoff.WithDefaults()
	return p
}

// withoutPort is what can be known of a worker to which nothing can connect.
func withoutPort(r probe.Check) probe.Check {
	if r.Kind == probe.Notify {
		return r
	}
	return probe.Check{Kind: probe.None}
}

func orDefault(d, fallback time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return fallback
}

// isNamed reports whether two programs have the same names, and so the same pool.
func (p *Program) isNamed(other *Program) bool { return p.Group == other.Group && p.Name == other.Name }

// runsAs reports whether a process of the one is as good as one of the other.
func (p *Program) runsAs(other *Program) bool { return p.Changed(*other) != ChangeProcess }

// listens reports whether the program's workers are to say how they are.
func (p *Program) listens() bool {
	return p.Ready.Kind == probe.Notify || p.Health.Check.Kind == probe.Notify
}

// watchdog is how long a worker that has said WATCHDOG=1 may be silent.
func (p *Program) watchdog() time.Duration {
	return p.Health.Interval * time.Duration(p.Health.Failures)
}

// rewritten is the signal that a worker gets for sig; 0 is none. SIGKILL, by which percore gets its way, stays itself.
func (p *Program) rewritten(sig syscall.Signal) syscall.Signal {
	if to, ok := p.SignalMap[sig]; ok && sig != syscall.SIGKILL {
		return to
	}
	return sig
}

// logFile is where a stream is to go.
func (p *Program) logFile(kind output.Kind) output.LogFile {
	if kind == output.Stderr && !p.RedirectStderr {
		return p.Stderr
	}
	return p.Stdout
}

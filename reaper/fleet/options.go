package fleet

import (
	"context"
	"io"
	"log/slog"
	"math/rand/v2"
	"time"

	"percore/reaper"
	"percore/reaper/lifecycle"
	"percore/reaper/ports"
	"percore/reaper/probe"
	"percore/reaper/tree"
)

// Spawner forks; *reaper.Reaper is the real one.
type Spawner interface {
	Spawn(reaper.Spec) (*reaper.Process, error)
}

// Endpoint is one worker as the front door sees it.
type Endpoint struct {
	Index       int    // position in the snapshot; the same worker always has the same
	Name        string // GROUP:NAME-PORT
	Address     string // `127.0.0.1:8000` or `unix:/path`
	Incarnation uint64 // changes with the process: what is known of another incarnation is void
	PID         int    // of its process; 0 when there is none
	State       EndpointState
	RequestsMax uint64    // after which it is to be called exhausted; 0 is never
	Killed      uint64    // the latest incarnation that was killed from outside; 0 is none
	Trouble     string    // why it is not up, where that is known and may be told to any client: it listens somewhere else; empty is nothing
	Coming      bool      // it is not up, and is on its way there without another order
	Due         time.Time // while Coming: the start that this waits for; zero where nothing has to be waited for
	Proven      bool      // some process of its slot has been ready
}

// EndpointState is what the front door may do with a worker.
type EndpointState uint8

// The states of an endpoint.
const (
	Down     EndpointState = iota // do not connect
	Up                            // choose it
	Draining                      // finish what it has, choose it no more
)

// String is the word for logs.
func (s EndpointState) String() string {
	switch s {
	case Down:
		return "down"
	case Up:
		return "up"
	case Draining:
		return "draining"
	default:
		return "unknown"
	}
}

// Result is how a fleet ended.
type Result struct {
	Code   int    // what PID 1 exits with
	Reason string // in words
}

// ExitOn is when a fleet gives up by itself. Percore's own programs count only where they are Vital.
type ExitOn uint8

// The values of ExitOn.
const (
	AllFatal  ExitOn = iota // all workers of the critical programs are FATAL, or have ended for good
	AnyFatal                // some worker is FATAL and no sibling serves that could bring it back, or as above
	FirstExit               // some worker has ended without being asked to; none is restarted
	NeverExit
)

// Options is everything a fleet needs from outside. Every function may be nil and is called on the fleet's
// goroutine, so it must not block.
type Options struct {
	Programs []Program
	Spawner  Spawner
	Log      *slog.Logger

	// Publish gets all endpoints whenever one has changed.
	Publish func([]Endpoint)
	// Quiesce tells the front door that the container stops: it takes no more connections and calls Drained
	// for each endpoint that has answered its last request. Nil means that there is no front door.
	Quiesce func()

	StopTimeout time.Duration // the whole stop's budget; 9 s when 0
	HoldMax     time.Duration // how long requests may wait for the only worker while it is being replaced; 0 is for ever
	LameDuck    time.Duration // from Stop to Quiesce

	// ExitOn says when the fleet gives up.
	ExitOn ExitOn

	// Stdout and Stderr get the workers' output; nil throws it away.
	Stdout, Stderr io.Writer

	// OOMKilled reports whether the cgroup's memory limit killed that process. Nil is no.
	OOMKilled func(pid int) bool
	// SocketPlaces are folders for the workers' unix sockets, the first that can be written to counts; nil is /run,
	// /dev/shm and /tmp.
	SocketPlaces []string
	// Probe is one attempt at readiness, or one health check, at host:port or unix:/path; nil is a real connection.
	Probe func(ctx context.Context, r probe.Check, address string) error
	// Resident is the memory, in bytes, of a process and all below it; nil looks at /proc.
	Resident func(pid int) int64
	// Stopped reports whether a process is stopped by a signal; nil looks at /proc.
	Stopped func(pid int) bool
	// Ports looks at which process listens where; nil looks at /proc.
	Ports *ports.Look
	// Descends reports whether a process is a descendant of another, by pid; nil looks at /proc.
	Descends func(pid, root int) bool
	// UserOf is the user that a process has now; nil looks at /proc.
	UserOf func(pid int) (uid int, known bool)
	// Rand is a number in [0,1), for the jitter; nil is math/rand/v2.
	Rand func() float64
}

// program completes one of the programs.
func (o Options) program(p Program) *Program {
	p = p.withDefaults()
	if p.First || o.ExitOn == FirstExit && !p.Internal {
		p.Autorestart = lifecycle.Never
	}
	return &p
}

func (o Options) withDefaults() Options {
	o.StopTimeout = orDefault(o.StopTimeout, defaultStopTimeout)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Publish == nil {
		o.Publish = func([]Endpoint) {}
	}
	if o.OOMKilled == nil {
		o.OOMKilled = func(int) bool { return false }
	}
	if o.Probe == nil {
		o.Probe = probe.Dial
	}
	if o.Stopped == nil {
		o.Stopped = tree.Stopped
	}
	if o.Descends == nil {
		o.Descends = tree.Descends
	}
	if o.UserOf == nil {
		o.UserOf = tree.User
	}
	if o.Resident == nil {
		o.Resident = tree.Resident
	}
	if o.Ports == nil {
		o.Ports = ports.OnMachine()
	}
	if o.Rand == nil {
		o.Rand = rand.Float64
	}
	return o
}

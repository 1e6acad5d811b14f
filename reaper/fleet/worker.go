package fleet

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"percore/reaper"
	"percore/reaper/alarm"
	"percore/reaper/lifecycle"
	"percore/reaper/output"
	"percore/reaper/ports"
	"percore/reaper/probe"
	"percore/reaper/socket"
)

// pool is the workers of one program, as many as there are meant to be. A slot that is removed keeps its history for
// its return.
type pool struct {
	program *Program
	order   int // among programs of the same priority
	size    int // slots that are meant to be there: 0 … size-1
	absent  []*worker
	served  bool    // some worker has been ready, or has lasted where that is not asked for
	canary  *worker // as long as none has: the one of those that failed that is tried again
}

// worker is one slot of a pool: a name and a port for life, in which one process follows another. Only the fleet's
// goroutine touches it.
type worker struct {
	slot
	pool    *pool
	program *Program // as it is for the current incarnation, or the next
	next    *Program // what the next incarnation is to be; nil is the same again

	wanted      bool            // what is asked of it
	state       lifecycle.State // where it is
	incarnation uint64          // counts attempts to spawn, so that late messages are recognised
	life                        // what its process has come to
	record                      // how its processes ended
	spoken                      // what they wrote

	proven      bool         // some process of this slot has been ready
	withheld    bool         // by order, it gets no traffic although it is fit for it
	leaving     bool         // it is being removed, or has been
	starts      uint64       // processes so far
	requestsMax uint64       // after which the front door calls the process exhausted; 0 is never
	withdrawn   time.Time    // when its traffic was taken away, on the fleet's clock
	alarm       *alarm.Alarm // the one thing it waits for besides events
}

// slot is what stays for life.
type slot struct {
	title  string // GROUP:NAME-PORT, as logs and status print it
	name   string // NAME-PORT
	index  int    // within the program
	port   int    // 0 is none
	socket string // path; empty is none
	seat   int    // index among the front door's endpoints; -1 is none
}

// life is what is known of the process that runs; it begins anew with each.
type life struct {
	process     *reaper.Process    // nil when there is none
	started     time.Time          // when it was spawned
	ready       bool               // it is fit for traffic
	wasReady    bool               // it has been
	hung        bool               // it does not answer at all
	drained     bool               // it gets no traffic, and its last request is done
	killed      bool               // percore sent it SIGKILL
	misspoken   bool               // it was logged that another user's process speaks for it
	lastFailure *probe.LastFailure // of the attempts to find it ready
	unreadiness string             // why it was not ready in time

	stopProbe    context.CancelFunc
	stopWeighing context.CancelFunc
	endOfLife    *alarm.Alarm
	watchdog     *alarm.Alarm // nil until the worker has said a first word
}

// record is how a worker's processes ended, and what follows from that.
type record struct {
	streak           int             // failed starts in a row
	refusals         int             // in a row, of the kernel to start a process
	delay            time.Duration   // of the next back-off
	degraded         bool            // it was logged that the retries are spent
	last             ending          // how the latest ended
	killedExternally uint64          // the latest incarnation that was killed from outside; 0 is none
	diagnosis        ports.Diagnosis // of the latest incarnation that was not ready in time
}

// spoken is where a worker's output goes, and what is kept of it.
type spoken struct {
	tail      output.Tail
	crashTail *crashTail                 // not logged yet; nil is none
	crash     *os.File                   // what the runtime of a process of percore's own writes; nil is none
	logFiles  [output.Kinds]*output.File // where its output goes; nil is somewhere else
}

// crashTail is the end of an incarnation that waits to be logged with the last lines that it wrote.
type crashTail struct {
	incarnation uint64
	reason      string
}

// ending is how the latest incarnation ended, or why it never began.
type ending struct {
	judged    lifecycle.Event // what it was judged to be
	passing   bool            // the worker is not to blame: a kill from outside, a shortage
	misplaced bool            // it was not ready in time, because it listens somewhere else
	spawned   bool            // there was a process
	order     int             // endings of the whole fleet are numbered from 1; 0 is none yet
	code      int             // exit code a container would pass on
	reason    string          // in words
	at        time.Time
}

func newWorker(p *pool, index int) *worker {
	w := &worker{pool: p, program: p.program, state: lifecycle.StateStopped, life: newLife()}
	w.slot = slot{name: p.program.slotName(index), index: index, seat: -1}
	w.title = p.program.Group + ":" + w.name
	if p.program.PortsFrom != 0 {
		w.port = p.program.PortsFrom + index
	}
	return w
}

func newLife() life {
	return life{lastFailure: new(probe.LastFailure), stopProbe: func() {}, stopWeighing: func() {}}
}

// slotName is NAME-PORT; without ports it is NAME, or NAME-INDEX where there are several.
func (p *Program) slotName(index int) string {
	switch {
	case p.PortsFrom != 0:
		return p.Name + "-" + strconv.Itoa(p.PortsFrom+index)
	case p.Workers == 1:
		return p.Name
	default:
		return p.Name + "-" + strconv.Itoa(index)
	}
}

// pid is that of its process; 0 when there is none.
func (w *worker) pid() int {
	if !w.alive() {
		return 0
	}
	return w.process.PID()
}

// alive reports whether there is a process.
func (w *worker) alive() bool { return w.process != nil }

// serves reports whether it gets traffic.
func (w *worker) serves() bool { return w.ready && !w.withheld }

// waitsForCanary reports whether its back-off is over, and another worker is tried before it.
func (w *worker) waitsForCanary() bool { return w.state == lifecycle.StateBackoff && w.alarm == nil }

// isSurplus reports whether its pool is meant to be without it.
func (w *worker) isSurplus() bool { return w.index >= w.pool.size }

// due is when its alarm rings, should percore run until then; zero when none is set.
func (w *worker) due() time.Time {
	if w.alarm == nil {
		return time.Time{}
	}
	return w.alarm.Due()
}

// disarm makes sure that the alarm does nothing, even if it rang already and its message waits in the mailbox.
func (w *worker) disarm() {
	w.alarm.Stop()
	w.alarm = nil
}

// inherit makes what its pool runs by now its next incarnation.
func (w *worker) inherit() {
	if w.next = w.pool.program; !w.alive() {
		w.takeNext()
	}
}

// takeNext is for the moment between two incarnations.
func (w *worker) takeNext() {
	if w.next != nil {
		w.program, w.next = w.next, nil
	}
}

// forgetProcess clears what belonged to the incarnation that ended.
func (w *worker) forgetProcess() {
	w.stopProbe()
	w.stopWeighing()
	w.endOfLife.Stop()
	w.watchdog.Stop()
	w.takeNext()
	w.life = newLife()
}

// forgetCrash lets go what its runtime wrote.
func (w *worker) forgetCrash() {
	if w.crash != nil {
		w.crash.Close()
		w.crash = nil
	}
}

// host is where workers listen.
const host = "127.0.0.1"

// address is where the worker listens, in the form that the front door takes; empty is nowhere.
func (w *worker) address() string {
	switch {
	case w.program.Sockets:
		return socket.Prefix + w.socket
	case w.port == 0:
		return ""
	default:
		return net.JoinHostPort(host, strconv.Itoa(w.port))
	}
}

// exposure is what lets the front door connect to its socket.
func (w *worker) exposure() socket.Exposure {
	e := socket.Exposure{Path: w.socket}
	if c := w.program.Credential; c != nil {
		e.Owner = c.UID
	}
	return e
}

// usesPort reports whether its port is to be connected to: other programs may leave it alone.
func (w *worker) usesPort() bool {
	isAsked := func(c probe.Check) bool { return c.Kind == probe.TCP || c.Kind == probe.HTTP }
	p := w.program
	return w.port != 0 && !p.Sockets && (p.Traffic || isAsked(p.Ready) || isAsked(p.Health.Check))
}

// tokens replaces what stands for the worker's own. Without a port {port} stays as it is, and so does {socket}: an
// empty word would be a puzzle, the token itself is an explanation.
func (w *worker) tokens() *strings.Replacer {
	tokens := []string{"{index}", strconv.Itoa(w.index), "{name}", w.name}
	if w.port != 0 {
		tokens = append(tokens, "{port}", strconv.Itoa(w.port))
	}
	if w.program.Sockets {
		tokens = append(tokens, "{socket}", w.socket)
	}
	return strings.NewReplacer(tokens...)
}

// failedToStart puts the latest ending into the errors that Do gives.
func (w *worker) failedToStart() error {
	sentinel := ErrSpawn
	switch {
	case w.last.judged != lifecycle.EventUnrunnable:
	case w.last.code == reaper.CodeNotFound:
		sentinel = ErrNoFile
	case w.last.code == reaper.CodeNotExecutable:
		sentinel = ErrNotExecutable
	}
	return fmt.Errorf("%w: %s", sentinel, w.last.reason)
}

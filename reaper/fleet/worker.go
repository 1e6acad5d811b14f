package fleet

import (
	"context"
	"net"
	"os"
	"slices"
	"strconv"
	"time"

	"percore/reaper"
	"percore/reaper/alarm"
	"percore/reaper/lifecycle"
	"percore/reaper/output"
	"percore/reaper/ports"
	"percore/reaper/probe"
	"percore/reaper/socket"
)

// worker is one slot. Only the fleet's goroutine touches it.
type worker struct {
	pool     *pool
	program  *Program // as it is for the current incarnation, or the next
	title    string   // GROUP:NAME-PORT, as logs and status print it
	name     string   // NAME-PORT
	index    int      // within the program
	port     int      // 0 is none
	socket   string   // path; empty is none
	endpoint int      // index among the front door's endpoints; -1 is none

	next *Program // what the next incarnation is to be; nil is the same again

	wanted bool            // what is asked of it
	state  lifecycle.State // where it is
	ready  bool            // whether its process is fit for traffic

	incarnation      uint64             // counts attempts to spawn, so that late messages are recognised
	process          *reaper.Process    // nil when there is none
	started          time.Time          // when process was spawned
	wasReady         bool               // process has been ready in its life
	proven           bool               // some process of this slot has been ready
	leaving          bool               // it is being removed, or has been
	withheld         bool               // by order, it gets no traffic although it is fit for it
	hung             bool               // it does not answer at all
	misspoken        bool               // it was said that somebody speaks for process who may not
	requestsMax      uint64             // after which the front door calls process exhausted; 0 is never
	drained          bool               // it gets no traffic, and its last request is done
	withdrawn        time.Time          // when its traffic was taken away, on the fleet's clock
	killed           bool               // percore sent process SIGKILL
	refusals         int                // in a row, of the kernel to start a process
	killedExternally uint64             // the latest incarnation that was killed from outside
	diagnosis        ports.Diagnosis    // of the latest incarnation that was not ready in time
	lastFailure      *probe.LastFailure // of its attempts at readiness, in this incarnation
	unreadiness      string             // why process was not ready in time
	stopProbe        context.CancelFunc

	endOfLife    *alarm.Alarm
	watchdog     *alarm.Alarm // nil until the worker has said a first word
	stopWeighing context.CancelFunc

	held  bool          // its back-off is over, and it waits for the canary
	alarm *alarm.Alarm  // the one thing it waits for besides events
	delay time.Duration // of the next back-off

	streak    int  // failed starts in a row
	degraded  bool // it was said that the retries are spent
	starts    uint64
	last      ending
	tail      output.Tail
	crashTail *crashTail                 // not told yet; nil is none
	crash     *os.File                   // what the runtime of a process of percore's own writes; nil is none
	logFiles  [output.Kinds]*output.File // where its output goes; nil is somewhere else
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

func newWorker(c *pool, index int) *worker {
	p := c.program
	w := &worker{pool: c, program: p, index: index, endpoint: -1, state: lifecycle.StateStopped, lastFailure: new(probe.LastFailure), stopProbe: func() {}, stopWeighing: func() {}}
	if p.PortsFrom != 0 {
		w.port = p.PortsFrom + index
	}
	w.name = p.slotName(index)
	w.title = p.Group + ":" + w.name
	return w
}

// pid is that of its process; 0 when there is none.
func (w *worker) pid() int {
	if !w.alive() {
		return 0
	}
	return w.process.PID()
}

// alive says whether there is a process.
func (w *worker) alive() bool { return w.process != nil }

// trouble is why it is not up, for anybody to read.
func (w *worker) trouble() string {
	if w.diagnosis.Public == "" {
		return ""
	}
	return w.title + " " + w.diagnosis.Public
}

// serves says whether it gets traffic.
func (w *worker) serves() bool { return w.ready && !w.withheld }

// endpointState is what the front door may do with the worker now. A draining worker is still up: while the
// whole container stops, the front door decides by itself which requests are the last.
func (w *worker) endpointState() EndpointState {
	switch {
	case w.serves():
		return Up
	case w.alive() && w.wasReady:
		return Draining
	default:
		return Down
	}
}

// prospect says whether a worker that gets no traffic is on its way to some without another order, and for which start that
// waits; zero is for none.
func (f *Fleet) prospect(w *worker) (coming bool, due time.Time) {
	if w.serves() || w.withheld || f.shutdown.phase >= stopping {
		return false, time.Time{}
	}
	switch w.state {
	case lifecycle.StateStarting, lifecycle.StateRunning:
		return true, time.Time{}
	case lifecycle.StateBackoff:
		return true, w.due()
	case lifecycle.StateStopped, lifecycle.StateDraining, lifecycle.StateStopping:
		return w.wanted, time.Time{}
	case lifecycle.StateExited, lifecycle.StateFatal:
		return false, time.Time{}
	default:
		return false, time.Time{}
	}
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

// forget clears what belonged to the incarnation that ended.
func (w *worker) forget() {
	w.stopProbe()
	w.unlimit()
	w.takeNext()
	w.lastFailure, w.unreadiness = new(probe.LastFailure), ""
	w.process, w.ready, w.wasReady, w.drained, w.hung, w.killed, w.misspoken = nil, false, false, false, false, false, false
}

// siblingServes says whether another worker of the same program is ready.
func (f *Fleet) siblingServes(w *worker) bool {
	return slices.ContainsFunc(f.workers, func(other *worker) bool {
		return other != w && other.pool == w.pool && other.serves()
	})
}

// siblingHolds says whether another worker of the same program is ready and not about to be given up itself: its own retries are not
// spent, or it has lasted for StartSecs. Workers that end as soon as they are up would spare one another for ever otherwise.
func (f *Fleet) siblingHolds(w *worker) bool {
	return slices.ContainsFunc(f.workers, func(other *worker) bool {
		return other != w && other.pool == w.pool && other.serves() &&
			(!other.program.IsSpent(other.streak) || time.Since(other.started) >= other.program.StartSecs)
	})
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
	}
	return net.JoinHostPort(host, strconv.Itoa(w.port))
}

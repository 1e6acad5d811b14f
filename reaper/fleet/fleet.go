package fleet

import (
	"cmp"
	"log/slog"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"percore/reaper/alarm"
	"percore/reaper/lifecycle"
	"percore/reaper/notify"
	"percore/reaper/output"
	"percore/reaper/socket"
)

// Fleet runs programs. Make one with New; Run does the work.
type Fleet struct {
	options Options
	log     *slog.Logger
	mail    *mailbox
	workers []*worker // in the order of their start
	pools   []*pool   // in the order of their programs

	overview atomic.Pointer[overview]
	over     chan struct{} // closed when Run has ended

	// The rest belongs to Run's goroutine.
	clock       *alarm.Clock
	published   []Endpoint
	operations  []*operation // orders under way
	maintenance maintenance
	sockets     *socket.Folders
	notices     *notify.Socket // nil until a worker is to send some
	believed    bool           // it was said that the ports' owners cannot be seen
	preparing   bool           // programs that come first are not done
	endings     int
	null        *os.File
	logs        *output.Sinks
	streams     map[*output.Stream]*worker // that are still read, with whose they are
	shutdown    shutdown
	result      Result
	culprit     *worker // whose end ended the fleet; nil when asked to stop
}

// Result is how a fleet ended.
type Result struct {
	Code   int    // what PID 1 exits with
	Reason string // in words
}

// New makes a fleet of the programs; nothing is started before Run.
func New(o Options) *Fleet {
	o = o.withDefaults()
	f := &Fleet{
		options: o,
		log:     o.Log,
		mail:    newMailbox(),
		over:    make(chan struct{}),
		logs:    output.NewSinks(o.Stdout, o.Stderr, o.Log),
		sockets: socket.NewFolders(o.SocketPlaces),
		streams: make(map[*output.Stream]*worker),
	}
	f.clock = alarm.NewClock(f.mail.post, f.noticePause)
	for _, p := range o.Programs {
		f.addPool(p)
	}
	f.snapshot()
	return f
}

// Run starts the workers and keeps them running until Stop, or until the critical ones are done for. It
// returns when no process is left, or when the stop's budget is used up. It is called once.
func (f *Fleet) Run() Result {
	f.begin()
	for f.settle(); f.shutdown.phase != ended; f.settle() {
		<-f.mail.wake
		for _, message := range f.mail.take() {
			message()
		}
	}
	f.close()
	close(f.over)
	return f.result
}

// Drained reports that the front door has no request left on that incarnation of that endpoint and will give
// it no more. It is safe from any goroutine; a report about another incarnation is ignored.
func (f *Fleet) Drained(index int, incarnation uint64) {
	f.mail.post(func() {
		for _, w := range f.workers {
			if w.endpoint == index && w.endpoint >= 0 && w.incarnation == incarnation {
				w.drained = !w.serves() // it is said once, maybe before the worker is to stop
				f.apply(w, lifecycle.EventDrained)
			}
		}
	})
}

func (f *Fleet) begin() {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		f.log.Warn("workers have no stdin", "err", err)
	}
	f.null = null
	f.publish()
	f.startAll()
}

// settle runs after every batch of events: it looks at the whole where events look at one worker.
func (f *Fleet) settle() {
	f.releaseWaiting()
	f.advance()
	f.resume()
	f.maintain()
	f.tend()
	f.publish()
	f.snapshot()
}

// resume starts what is wanted and has stopped: it was told to stop and then to start, or is being replaced.
func (f *Fleet) resume() {
	if f.shutdown.phase >= stopping {
		return
	}
	for _, w := range f.workers {
		switch {
		case w.wanted && w.state == lifecycle.StateStopped:
			f.apply(w, lifecycle.EventStart)
		case w.state == lifecycle.StateFatal && w.last.judged == lifecycle.EventExhausted && f.siblingHolds(w):
			f.apply(w, lifecycle.EventRevived)
		}
	}
}

// retire stops one worker while the others go on: first its traffic, then its requests, then the process.
func (f *Fleet) retire(w *worker) {
	if w.program.Traffic && f.options.Quiesce != nil {
		f.apply(w, lifecycle.EventRetire)
		return
	}
	f.apply(w, lifecycle.EventStop)
}

// reconcile asks the table for the step from what is to what is wanted. Not from EXITED and FATAL: those are
// answers to the same wish.
func (f *Fleet) reconcile(w *worker) {
	switch {
	case w.wanted && w.state == lifecycle.StateStopped:
		f.apply(w, lifecycle.EventStart)
	case !w.wanted && w.program.Traffic && f.options.Quiesce != nil:
		f.apply(w, lifecycle.EventDrain)
	case !w.wanted:
		f.apply(w, lifecycle.EventStop)
	}
}

// apply takes a worker through an event and whatever that entails. The front door hears of the change before
// an action is performed: a fork takes a millisecond, in which it could choose a dead worker.
func (f *Fleet) apply(w *worker, e lifecycle.Event) {
	for follows := true; follows; {
		from := w.state
		var do []lifecycle.Action
		w.state, do = lifecycle.Next(from, e)
		if w.state != from {
			f.log.Debug("worker changed state", "process", w.title, "from", from.String(), "to", w.state.String(), "event", e.String())
		}
		f.publish()
		follows = false
		for _, a := range do {
			if entailed, ok := f.perform(w, a); ok {
				e, follows = entailed, true
			}
		}
	}
}

// publish tells the front door about every change, once.
func (f *Fleet) publish() {
	var endpoints []Endpoint
	for _, w := range f.workers {
		if w.endpoint >= 0 {
			coming, due := f.prospect(w)
			endpoints = append(endpoints, Endpoint{
				Index: w.endpoint, Name: w.title, Address: w.address(), Incarnation: w.incarnation, PID: w.pid(), State: w.endpointState(), RequestsMax: w.requestsMax, Killed: w.killedExternally, Trouble: w.trouble(),
				Coming: coming, Due: due, Proven: w.proven,
			})
		}
	}
	slices.SortFunc(endpoints, func(a, b Endpoint) int { return cmp.Compare(a.Index, b.Index) })
	if slices.Equal(endpoints, f.published) {
		return
	}
	f.published = endpoints
	f.options.Publish(slices.Clone(endpoints))
}

// arm makes e happen to w when it has had d for what it is to do, in place of whatever was armed before.
func (f *Fleet) arm(w *worker, d time.Duration, e lifecycle.Event) {
	f.disarm(w)
	w.alarm = f.clock.Allow(d, func() { f.alarmRang(w, e) })
}

// disarm makes sure that the alarm does nothing, even if it rang already and its message waits in the mailbox.
func (f *Fleet) disarm(w *worker) {
	w.alarm.Stop()
	w.alarm = nil
}

// noticePause tells why what should have happened by now has not.
func (f *Fleet) noticePause(lost time.Duration) {
	f.log.Info("percore did not run for a while; deadlines begin anew", "paused", words(lost))
}

func (f *Fleet) alarmRang(w *worker, e lifecycle.Event) {
	f.disarm(w)
	switch e {
	case lifecycle.EventRetry:
		if w.held = f.waits(w); w.held {
			return
		}
	case lifecycle.EventOverdue:
		f.overdue(w)
	case lifecycle.EventExpired:
		if w.state == lifecycle.StateDraining {
			f.log.Warn("requests are still in flight; stopping the worker", "process", w.title, "pid", w.process.PID(), "drain_timeout", w.program.DrainTimeout)
			break
		}
		f.log.Warn("worker does not stop", "process", w.title, "pid", w.process.PID(), "next", "kill")
	default:
	}
	f.apply(w, e)
}

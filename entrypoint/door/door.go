// Package door is PID 1's end of the front door: it opens the public listening sockets, hands them to each
// incarnation of the process, tells it by snapshots over the link what the workers are in, and has one that does not
// answer killed. The process at the other end is package front; the fleet runs it as a program like any other, with
// what Inherits gives.
//
// Begin with Door and New in door.go; watch.go has the questions that find a hang, figures.go those for what the
// front door counts.
package door

import (
	"errors"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"percore/entrypoint/config"
	"percore/entrypoint/link"
	"percore/entrypoint/output"
	"percore/entrypoint/plan"
	"percore/lbproxy"
	"percore/lbproxy/balance"
	"percore/lbproxy/socket"
	"percore/reaper/fleet"
)

// Door is PID 1's end of the link: it holds the public listening sockets, what the front door is to know, and the
// connection to its current incarnation. The fleet runs it as a program like any other.
type Door struct {
	log      *slog.Logger
	events   Events
	patience patience
	settle   time.Duration // how long the end waits for handshakes that have begun, at most

	mu        sync.Mutex // guards the rest: the fleet's goroutine writes, a reader of an old link may still look
	wanted    link.Wanted
	listeners []socket.Listener
	sender    *link.Sender // of the current incarnation, nil before the first
	drainSeq  uint64       // of the snapshot that began the end; 0 before
	questions []question   // for figures, not answered yet
}

// Events are what the front door makes known; each is called on the goroutine of a link.
type Events struct {
	Drained   func(index int, incarnation uint64) // a worker has no request any more
	Exhausted func(index int, incarnation uint64) // a worker has had as many requests as it is to have
	Hung      func(incarnation uint64)            // the front door itself does not answer
}

// settleShare is the part of PERCORE_STOP_TIMEOUT, a tenth, that handshakes which have begun may take; a second
// suffices for all that still have a client.
const settleShare = 10

// New is PID 1's end for the configured front door; nil where there is to be none.
func New(cfg *config.Config, p *plan.Plan, listeners []socket.Listener, log *slog.Logger, style output.Style) *Door {
	if !cfg.Mode.Facts().FrontDoor {
		return nil
	}
	return &Door{
		log: log, listeners: listeners, patience: frontPatience(),
		settle: min(time.Second, time.Duration(cfg.StopTimeout)/settleShare),
		wanted: link.Wanted{
			Version: link.Version, Options: p.FrontOptions(cfg),
			LogLevel: cfg.LogLevel.Level().String(), LogStyle: string(style),
		},
	}
}

// Attach names the functions that hear of events. It is called once, before there is an incarnation.
func (d *Door) Attach(e Events) { d.events = e }

// Reconfigure changes the front door's settings; requests that are under way keep theirs.
func (d *Door) Reconfigure(o lbproxy.Options) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.wanted.Options = o
	d.changeLocked(func(*lbproxy.Snapshot) {})
}

// Inherits is what a new incarnation gets; nil where there is no front door.
func (d *Door) Inherits() plan.Files {
	if d == nil {
		return nil
	}
	return d.files
}

// files opens a link for a new incarnation of the front door and lists what it inherits: its end, then the listeners.
// It is called on the fleet's goroutine before each spawn.
func (d *Door) files(incarnation uint64) (extra []*os.File, started func(error), err error) {
	ours, theirs, err := link.Pair()
	if err != nil {
		return nil, nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	extra = append(extra, theirs)
	d.wanted.Listeners = nil
	for i, l := range d.listeners {
		extra = append(extra, l.File)
		d.wanted.Listeners = append(d.wanted.Listeners,
			link.Listener{FD: link.FrontFD + 1 + i, Address: l.Address, Loop: l.Loop})
	}
	extra = append(extra, os.Stderr) // its own is for what its runtime says when it crashes
	d.wanted.LogFD = link.FrontFD + len(extra) - 1
	return extra, func(err error) {
		_ = theirs.Close() // the front door has its own by now
		if err != nil {
			_ = ours.Close()
			return
		}
		d.connect(ours, incarnation)
	}, nil
}

// connect starts the conversation with a new incarnation.
func (d *Door) connect(ours *os.File, incarnation uint64) {
	sender := link.NewSender(ours)
	d.mu.Lock()
	d.sender = sender
	sender.Offer(d.wanted)
	p := newPulse(incarnation, d.wanted.Snapshot.Seq)
	d.mu.Unlock()
	go func() {
		if err := sender.Run(); err != nil {
			d.log.Debug("link to the front door ended", "err", err)
		}
	}()
	go d.listen(ours, sender, p)
	go d.watch(p)
}

// listen takes reports until the incarnation is gone, and then ends its link.
func (d *Door) listen(ours *os.File, sender *link.Sender, p *pulse) {
	defer close(p.gone)
	defer ours.Close()
	defer sender.Close()
	for {
		var message link.Reported
		err := link.Read(ours, &message)
		if err == nil {
			err = link.CheckVersion(message.Version)
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				d.log.Debug("link to the front door ended", "err", err)
			}
			return
		}
		p.answered(message.Report.Seq)
		d.told(message.Report)
		d.letGo(message.Report)
		for _, e := range message.Report.Exhausted {
			d.events.Exhausted(e.Index, e.Incarnation)
		}
		if !d.isNewest(message.Report.Seq) {
			continue // it speaks of other states than the workers are in by now; another report follows
		}
		for _, e := range message.Report.Drained {
			d.events.Drained(e.Index, e.Incarnation)
		}
	}
}

// isNewest reports whether a report is about the newest snapshot: one about an older may call a worker drained that
// has had traffic again since.
func (d *Door) isNewest(seq uint64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return seq == d.wanted.Snapshot.Seq
}

// Publish tells the front door about the workers.
func (d *Door) Publish(endpoints []fleet.Endpoint) {
	list := make([]balance.Endpoint, len(endpoints))
	for i, e := range endpoints {
		list[i] = balance.Endpoint{
			Index: e.Index, Name: e.Name, Address: e.Address, Incarnation: e.Incarnation, PID: e.PID,
			State: endpointState(e.State), RequestsMax: e.RequestsMax,
			Killed: e.Killed, Trouble: e.Trouble,
			Coming: e.Coming, Due: e.Due, Proven: e.Proven,
		}
	}
	d.change(func(s *lbproxy.Snapshot) { s.Endpoints = list })
}

// Quiesce begins the end. Our copies of the listening sockets stay until the front door has said that it drains and
// that no handshake is under way: should it die before, its successor inherits them and what waits in their queues.
func (d *Door) Quiesce() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := socket.RefuseNewConnections(d.listeners); err != nil {
		d.log.Debug("listeners keep taking handshakes", "err", err)
	}
	d.changeLocked(func(s *lbproxy.Snapshot) { s.Drain, s.Settle = true, d.settle })
	d.drainSeq = d.wanted.Snapshot.Seq
}

// letGo closes our copies once the front door has all that will ever connect in its queues, and tells it that its
// own are the last, so that it sweeps them and closes them.
func (d *Door) letGo(r lbproxy.Report) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.drainSeq == 0 || r.Seq < d.drainSeq || !r.Settled || d.wanted.Snapshot.Sole {
		return
	}
	socket.CloseListeners(d.listeners)
	d.listeners = nil
	d.changeLocked(func(s *lbproxy.Snapshot) { s.Sole = true })
}

// change makes a new snapshot and offers it to the current incarnation.
func (d *Door) change(f func(*lbproxy.Snapshot)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.changeLocked(f)
}

func (d *Door) changeLocked(f func(*lbproxy.Snapshot)) {
	f(&d.wanted.Snapshot)
	d.wanted.Snapshot.Seq++
	if d.sender != nil {
		d.sender.Offer(d.wanted)
	}
}

func endpointState(s fleet.EndpointState) balance.State {
	switch s {
	case fleet.Up:
		return balance.Up
	case fleet.Draining:
		return balance.Draining
	default:
		return balance.Down
	}
}

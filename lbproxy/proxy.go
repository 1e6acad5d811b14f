package lbproxy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"percore/lbproxy/accesslog"
	"percore/lbproxy/balance"
	"percore/lbproxy/handshake"
	"percore/lbproxy/notice"
	"percore/lbproxy/socket"
	"percore/lbproxy/spool"
)

// Proxy is a front door.
type Proxy struct {
	options   atomic.Pointer[Options]
	log       *slog.Logger
	debug     bool
	epoch     time.Time
	loops     []*loop
	wanted    atomic.Pointer[wanted]
	services  []*balance.Service // what their ends in the loops share
	watching  atomic.Bool        // the snapshot waits for workers to become idle
	ending    *handshake.Ending  // of accepting
	store     *spool.Store       // of the files that hold bodies
	held      heldCounts
	accessLog *accesslog.Log
	notices   *notice.Queue
	kick      chan struct{} // wakes the reporter
	report    func(Report)
}

// New makes a front door that accepts from listeners, which it takes over, once Run is called. Access log lines go to
// access. report is called, from one goroutine, whenever the answer to the newest snapshot may have changed.
func New(
	o Options, listeners []socket.Listener, log *slog.Logger, access io.Writer, report func(Report),
) (*Proxy, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	p := &Proxy{
		log: log, debug: log.Enabled(context.Background(), slog.LevelDebug), epoch: time.Now(),
		store: spool.New(o.spool()), accessLog: accesslog.NewLog(access, log), notices: notice.NewQueue(log),
		kick: make(chan struct{}, 1), report: report,
	}
	p.ending = handshake.NewEnding(log, p.closeListeners, p.changed)
	o.Services = slices.Clone(o.Services)
	p.options.Store(&o)
	for range o.Services {
		p.services = append(p.services, new(balance.Service))
	}
	byLoop := make([][]socket.Listener, o.Loops)
	for _, l := range listeners {
		if l.Loop < 0 || l.Loop >= o.Loops {
			return nil, fmt.Errorf("assign listener %s: loop %d is not in 0…%d", l.Address, l.Loop, o.Loops-1)
		}
		byLoop[l.Loop] = append(byLoop[l.Loop], l)
	}
	for id := range byLoop {
		l, err := newLoop(p, id, byLoop[id])
		if err != nil {
			return nil, err
		}
		p.loops = append(p.loops, l)
		p.ending.Add(l.accepter.sockets())
	}
	return p, nil
}

// Run serves until Close, and returns the first error of a loop.
func (p *Proxy) Run() error {
	var loops, helpers sync.WaitGroup
	stop := make(chan struct{})
	for _, run := range []func(<-chan struct{}){p.runReporter, p.ending.Run, p.accessLog.Run, p.notices.Run} {
		helpers.Go(func() { run(stop) })
	}
	errs := make([]error, len(p.loops))
	for i, l := range p.loops {
		loops.Go(func() {
			if errs[i] = l.run(); errs[i] != nil {
				p.Close()
			}
		})
	}
	loops.Wait()
	close(stop)
	flushed := make(chan struct{})
	go func() { helpers.Wait(); close(flushed) }()
	select {
	case <-flushed:
	case <-time.After(flushMax): // what reads the log has stopped reading
	}
	return errors.Join(errs...)
}

// flushMax is how long the end waits for the last lines of the logs to be taken.
const flushMax = 100 * time.Millisecond

// Snapshot is the whole wanted state of the front door. Applying one twice changes nothing, and a later one
// replaces an earlier one.
type Snapshot struct {
	Seq       uint64 // grows with each change
	Endpoints []balance.Endpoint
	Drain     bool          // accept what has already arrived, then no more; every response ends its connection
	Sole      bool          // no other process holds the listening sockets; with Drain they are closed, once settled
	Settle    time.Duration // with Drain: how long handshakes that have begun are waited for at most; 0 is a second
	Ask       uint64        // when it is not 0, reports say it again and carry Figures as of its last change
}

// Apply makes s the wanted state. A snapshot that is not newer than the last is ignored. It may be called from any
// goroutine, but not from two at once.
func (p *Proxy) Apply(s Snapshot) error {
	old := p.wanted.Load()
	if old != nil && s.Seq <= old.seq {
		return nil
	}
	tables, err := p.tables(s.Endpoints)
	if err != nil {
		return err
	}
	draining := s.Drain
	for _, e := range s.Endpoints {
		draining = draining || e.State == balance.Draining
	}
	p.watching.Store(draining)
	for i, service := range p.services {
		service.Use(tables[i])
	}
	p.wanted.Store(&wanted{seq: s.Seq, ask: s.Ask, drain: s.Drain, sole: s.Sole, tables: tables})
	for _, l := range p.loops {
		l.post((*loop).apply)
	}
	if s.Drain {
		p.ending.Begin(s.Sole, cmp.Or(s.Settle, handshake.SettleMax))
	}
	return nil
}

// Configure replaces the settings that New was given, except for the number of loops, which stays. What is under way
// goes by the new ones from its next step on. It may be called from any goroutine, but not from two at once.
func (p *Proxy) Configure(o Options) error {
	old := p.options.Load()
	o.Loops, o.Services = old.Loops, slices.Clone(o.Services)
	if reflect.DeepEqual(o, *old) {
		return nil
	}
	if err := o.validate(); err != nil {
		return err
	}
	if len(o.Services) != len(old.Services) {
		return fmt.Errorf("front door options: %d services, want the %d that there are", len(o.Services), len(old.Services))
	}
	p.options.Store(&o)
	p.store.Configure(o.spool())
	for _, l := range p.loops {
		l.post(func(l *loop) {
			l.configure()
			for _, s := range l.services {
				s.serve() // there may be more room at the workers
			}
		})
	}
	return nil
}

// tables makes the table of each service of its endpoints.
func (p *Proxy) tables(endpoints []balance.Endpoint) ([]*balance.Table, error) {
	byService := make([][]balance.Endpoint, len(p.services))
	for _, e := range endpoints {
		if e.Service < 0 || e.Service >= len(p.services) {
			last := len(p.services) - 1
			return nil, fmt.Errorf("apply snapshot: endpoint %s: service %d is not in 0…%d", e.Name, e.Service, last)
		}
		byService[e.Service] = append(byService[e.Service], e)
	}
	tables := make([]*balance.Table, len(p.services))
	for i, service := range p.services {
		t, err := balance.NewTable(byService[i], service.Table())
		if err != nil {
			return nil, err
		}
		tables[i] = t
	}
	return tables, nil
}

// Finish makes Run return once every client has its response. It takes no further connection; idle ones are closed. It
// may be called from any goroutine, and more than once.
func (p *Proxy) Finish() {
	for _, l := range p.loops {
		l.post((*loop).finishServing)
	}
	p.ending.Begin(true, handshake.SettleMax)
}

// Close ends every loop at once; connections are closed as they are.
func (p *Proxy) Close() {
	for _, l := range p.loops {
		l.post(func(l *loop) { l.stage = loopStopped })
	}
}

// closeListeners has every loop stop accepting for good.
func (p *Proxy) closeListeners() {
	for _, l := range p.loops {
		l.post(func(l *loop) { l.accepter.close() })
	}
}

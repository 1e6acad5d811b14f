package lbproxy

import (
	"sync/atomic"

	"percore/lbproxy/balance"
	"percore/lbproxy/spool"
)

// Report is the front door's answer to snapshots. Each of its lists is complete.
type Report struct {
	Seq       uint64       // the snapshot that every loop has taken over
	Drained   []EndpointID // endpoints that have no request and get none while the snapshot holds
	Ejected   []EndpointID // endpoints that were taken out because they fail; they are tried again by themselves
	Exhausted []EndpointID // endpoints that have had their RequestsMax; they get more until they are drained
	Settled   bool         // the drain has begun, and no handshake is under way: the listening sockets may be let go
	Asked     uint64       // the snapshot's Ask, which Figures answer
	Figures   *Figures     // nil as long as no snapshot asked
}

// EndpointID names one incarnation of an endpoint.
type EndpointID struct {
	Service     int
	Index       int
	Incarnation uint64
}

// Figures are what the front door counts, as of a snapshot with an Ask.
type Figures struct {
	Waiting   int // requests in the queue
	Endpoints []EndpointFigures
	Held      HeldFigures
}

// HeldFigures are about the bodies that are held in files, and those that could not be. What is counted begins with
// this front door.
type HeldFigures struct {
	Files     int64 // that there are now
	Bytes     int64 // in all of them now
	BytesMax  int64 // that there may be, as of the last look at what is free
	Requests  int64 // whose bodies were held in a file, in all
	Responses int64 // likewise
	Refused   int64 // bodies for which there was no room, in all
	Failed    int64 // files that could not be made, written or read, in all
}

// EndpointFigures are the counts of one endpoint.
type EndpointFigures struct {
	Service      int
	Index        int
	Incarnation  uint64
	Served       uint64 // requests that this front door gave to this incarnation
	InFlight     int64  // requests that it has now
	Tunnels      int64  // upgraded connections that it has now
	Ejected      bool   // whether it was taken out
	OldestMillis int64  // age of the oldest request or tunnel that it has, in milliseconds
	StuckMillis  int64  // how long it has been silent to a request, where that is over half of ProxyReadTimeout; else 0
}

// DiskThreads is how many threads of the front door wait for a disk at most, with bodies that are held in files.
const DiskThreads = spool.WorkersMax

// heldCounts are how many messages had a part of their body in a file, since the front door has started.
type heldCounts struct{ requests, responses atomic.Int64 }

// heldFigures are what the front door tells of bodies in files.
func (p *Proxy) heldFigures() HeldFigures {
	s := p.store.Stats()
	return HeldFigures{
		Files: s.Files, Bytes: s.Bytes, BytesMax: s.BytesMax, Refused: s.Refused, Failed: s.Failed,
		Requests: p.held.requests.Load(), Responses: p.held.responses.Load(),
	}
}

// runReporter makes a report whenever one is asked for, until stop.
func (p *Proxy) runReporter(stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case <-p.kick:
			if r, ok := p.makeReport(); ok {
				p.report(r)
			}
		}
	}
}

// changed asks for a new report.
func (p *Proxy) changed() {
	select {
	case p.kick <- struct{}{}:
	default: // one is asked for already
	}
}

// workerIdle is called by a loop that ended the last request of a worker.
func (p *Proxy) workerIdle() {
	if p.watching.Load() {
		p.changed()
	}
}

// makeReport says which workers are free of requests. It is false until every loop has taken the snapshot over, as
// a loop that has not may still choose a worker that is to be drained.
func (p *Proxy) makeReport() (Report, bool) {
	w := p.wanted.Load()
	if w == nil {
		return Report{}, false
	}
	quiet := true
	for _, l := range p.loops {
		if l.seen.Load() < w.seq {
			return Report{}, false
		}
		quiet = quiet && l.quiet.Load()
	}
	r := Report{Seq: w.seq, Asked: w.ask, Settled: p.ending.IsSettled()}
	for _, t := range w.tables {
		r.add(t, quiet)
	}
	if w.ask != 0 {
		r.Figures = p.figures(w)
	}
	return r, true
}

// add reports on the workers of one service; quiet says that no request can come any more.
func (r *Report) add(t *balance.Table, quiet bool) {
	for i, e := range t.Backends() {
		if e == nil {
			continue
		}
		id := EndpointID{Service: e.Service, Index: i, Incarnation: e.Incarnation}
		if (t.State(i) == balance.Draining || quiet) && e.Load() == 0 {
			r.Drained = append(r.Drained, id)
		}
		if e.IsOut() {
			r.Ejected = append(r.Ejected, id)
		}
		if e.IsExhausted() {
			r.Exhausted = append(r.Exhausted, id)
		}
	}
}

func (p *Proxy) figures(w *wanted) *Figures {
	f := &Figures{Held: p.heldFigures()}
	for service, t := range w.tables {
		f.Waiting += int(p.services[service].Waiting())
		for i, e := range t.Backends() {
			if e == nil {
				continue
			}
			age := p.age(service, i)
			f.Endpoints = append(f.Endpoints, EndpointFigures{
				Service: service, Index: i, Incarnation: e.Incarnation, Served: e.Served(),
				InFlight: e.InFlight(), Tunnels: e.Tunnels(),
				Ejected: e.IsOut(), OldestMillis: age.oldest, StuckMillis: age.stuck,
			})
		}
	}
	return f
}

// age is the greatest that a loop has noted for the worker of a service with this index. A loop may be a snapshot
// ahead.
func (p *Proxy) age(service, index int) (greatest age) {
	for _, l := range p.loops {
		if ages := l.services[service].oldest.Load(); ages != nil && index < len(*ages) {
			greatest.oldest = max(greatest.oldest, (*ages)[index].oldest)
			greatest.stuck = max(greatest.stuck, (*ages)[index].stuck)
		}
	}
	return greatest
}

// noteOldest publishes the ages of the oldest exchanges that this loop has with each worker of the service.
func (s *service) noteOldest() {
	l := s.loop
	ages := make([]age, len(s.table.Backends()))
	for _, x := range l.exchanges.all {
		e := x.backend
		if e == nil || s.table.At(e.Index) != e {
			continue
		}
		a := &ages[e.Index]
		a.oldest = max(a.oldest, (l.nowNanos-x.wait.Since)/1e6)
		if x.upstream == noSlot || l.timers.Class(x.upstream) != s.timer(timerRead) {
			continue
		}
		if silent := l.timers.Age(x.upstream, l.now); silent > s.options.ProxyReadTimeout.Milliseconds()/2 {
			a.stuck = max(a.stuck, silent)
		}
	}
	s.oldest.Store(&ages)
}

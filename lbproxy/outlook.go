package lbproxy

import (
	"math"
	"time"
)

// A request waits for a worker only where there is one to wait for: this file says when there is none.

const (
	// refusedMillis is for how long all workers have to refuse a request before that is believed. A worker that has just died
	// refuses too, until PID 1 has heard of it and says so; that takes a millisecond, and more on a machine that is busy.
	refusedMillis = 500
	// listenMillis is how old a worker has to be for its refusals to count: with PERCORE_READY=none it is up before it listens.
	listenMillis = 3_000
)

// outlook is what a snapshot says of workers that are not up.
type outlook struct {
	first bool      // none has ever been up
	sound bool      // one is on its way of which nothing is known to be wrong
	never bool      // none is on its way
	due   time.Time // when the first of those that are has its next start; zero where one is starting
}

func newOutlook(endpoints []Endpoint) outlook {
	o := outlook{first: len(endpoints) > 0, never: true}
	for _, e := range endpoints {
		o.first = o.first && !e.Proven && e.State != Up
		if !e.Coming {
			continue
		}
		o.sound = o.sound || e.Trouble == ""
		if o.never || e.Due.Before(o.due) {
			o.due = e.Due
		}
		o.never = false
	}
	return o
}

// startsFirst tells whether the fleet is starting for the first time: none of its workers has ever been up, and some may be. Workers that
// listen elsewhere than they should are not worth a longer wait than ever.
func (t *table) startsFirst() bool { return t != nil && t.first && t.sound }

// firstStartTimeout is how long a request waits during the first start; 0 is no limit.
func (o *Options) firstStartTimeout() time.Duration {
	if o.QueueTimeout == 0 {
		return 0
	}
	return max(o.QueueTimeout, o.ReadyTimeout)
}

// waitMax is how long a request that is parked now may look for a worker in all; 0 is no limit.
func (l *loop) waitMax() time.Duration {
	if l.table.startsFirst() {
		return l.options.firstStartTimeout()
	}
	return l.options.QueueTimeout
}

// hopeless says why a request need not wait: no worker is up and none will be in the time that is left to it, or all that are refuse
// it. It is causeNone where there is something to wait for.
func (x *exchange) hopeless() cause {
	l := x.loop
	switch t := l.table; {
	case t == nil:
		return causeNone
	case t.anyUp():
		return x.refusedByAll()
	case t.never:
		return causeNoneComing
	case t.due.IsZero():
		return causeNone
	default:
		left := int64(l.waitMax()) - x.soughtNanos()
		if x.request == requestParked {
			left -= l.nowNanos - x.parkedNanos
		}
		if l.waitMax() > 0 && int64(time.Until(t.due)) > left {
			return causeNoneComing
		}
		return causeNone
	}
}

// refusedByAll is causeConnectRefused where every worker that is up has refused the request for refusedMillis, and is old enough to
// listen by now.
func (x *exchange) refusedByAll() cause {
	l := x.loop
	if x.refusedSince == 0 || l.nowNanos-x.refusedSince < refusedMillis*int64(time.Millisecond) {
		return causeNone
	}
	for i, t := range l.table.target {
		if l.table.states[i] == Up && (!x.tried.has(i) || time.Since(t.known) < listenMillis*time.Millisecond) {
			return causeNone
		}
	}
	return causeConnectRefused
}

// noteRefusal keeps when the connects of a request began to be refused, one after the other.
func (x *exchange) noteRefusal(why cause, nowNanos int64) {
	switch {
	case why != causeConnectRefused:
		x.refusedSince = 0
	case x.refusedSince == 0:
		x.refusedSince = nowNanos
	}
}

// dismissHopeless ends the waits of this loop that a new snapshot leaves without hope.
func (l *loop) dismissHopeless() {
	if l.table.anyUp() || l.proxy.waiting.Load() == 0 {
		return
	}
	for _, x := range l.proxy.waitingFrom(l) {
		c := l.conns.at(x.downstream)
		func() {
			defer l.rescue(c.slot, c.generation)
			if why := x.hopeless(); x.request == requestParked && why != causeNone {
				x.abort(why)
			}
		}()
	}
}

// endFirstStart begins the ordinary wait of those that have waited for the fleet's first worker.
func (l *loop) endFirstStart() {
	for _, x := range l.proxy.waitingFrom(l) {
		x.firstStart += l.nowNanos - x.parkedNanos
		l.retime(x.id)
	}
}

// retryAfterSeconds is what a 503 suggests: by then a worker that died is usually back, or the next start is due.
func (l *loop) retryAfterSeconds() int64 {
	const usual, most = 1, 60
	if l.table == nil || l.table.anyUp() || l.table.never || l.table.due.IsZero() {
		return usual
	}
	return int64(min(max(math.Ceil(time.Until(l.table.due).Seconds()), usual), most))
}

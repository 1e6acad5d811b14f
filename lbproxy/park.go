package lbproxy

import "percore/lbproxy/epoll"

// park makes a request wait in the queue. One that all ready workers refused is due again after a moment.
func (l *loop) park(x *exchange) {
	if l.finishing {
		l.abort(x, causeDeadline)
		return
	}
	c := l.conns.at(x.downstream)
	if c.has(flagLateFIN) {
		l.abort(x, causeClientClosed)
		return
	}
	if l.isOverdue(x) {
		l.queueTimedOut(x)
		return
	}
	if why := l.hopeless(x); why != causeNone {
		l.abort(x, why)
		return
	}
	x.request, x.parkedNanos = requestParked, l.nowNanos
	if !l.proxy.enter(l, x, l.options.QueueSize) {
		l.abort(x, causeQueueFull)
		return
	}
	if x.tries > 0 && l.timers.Class(l.retrySlot) == epoll.NoClass {
		l.timers.Set(l.retrySlot, timerRetry, l.now)
	}
	l.probe(c, x)
}

// isOverdue tells whether a request has looked for a worker for as long as it may, in the queue and by connects that came to
// nothing. The time that a worker had it does not count.
func (l *loop) isOverdue(x *exchange) bool {
	limit := l.waitMax()
	return limit > 0 && x.soughtNanos() >= int64(limit)
}

// soughtNanos is for how long a request has looked for a worker, without what is not held against it.
func (x *exchange) soughtNanos() int64 { return x.queuedNanos + x.refusedNanos - x.firstStart }

// unpark ends an exchange's wait before it was over, and passes on the place that it may have got.
func (l *loop) unpark(x *exchange) {
	l.endWait(x)
	if t := l.proxy.leave(x); t != nil {
		l.endRepeat(x)
		t.unclaim()
		l.freed(t)
	}
}

func (l *loop) endWait(x *exchange) {
	x.request = requestSending
	x.queuedNanos += l.nowNanos - x.parkedNanos
	if l.table.startsFirst() {
		x.firstStart += l.nowNanos - x.parkedNanos
	}
}

// freed passes on a place at t that nobody has any more.
func (l *loop) freed(t *target) {
	if l.proxy.waiting.Load() > 0 {
		l.proxy.serveFrom(l)
	}
	if t.load() == 0 {
		l.proxy.workerIdle()
	}
}

// takeGrants sends the requests that waited and have got a place at a worker.
func (l *loop) takeGrants() {
	for l.granted.Load() {
		x, t := l.proxy.nextGrant(l)
		if x == nil {
			return
		}
		l.useGrant(x, t)
	}
}

// useGrant sends a request that waited to t, unless its client has left.
func (l *loop) useGrant(x *exchange, t *target) {
	c := l.conns.at(x.downstream)
	defer l.rescue(c.slot, c.generation)
	defer l.retime(x.id)
	l.endWait(x)
	x.target = t // from here on the exchange gives the place back, whatever happens
	if l.crowded && l.hasLeft(c) {
		l.abort(x, causeClientClosed)
		return
	}
	l.sendTo(x, t, x.stale == nil)
}

// retryParked lets every waiting request of this loop have all workers again.
func (l *loop) retryParked() {
	l.timers.Clear(l.retrySlot)
	l.proxy.forgive(l)
}

// queueTimedOut ends a wait that took too long. An exchange that is being sent just then has other timers.
func (l *loop) queueTimedOut(x *exchange) {
	switch {
	case x.request != requestParked && x.target != nil:
	case x.tries > 0 && l.table.anyUp(): // all that are said to be ready have failed it
		l.abort(x, x.failure)
	case l.table.anyUp():
		l.abort(x, causeBusy)
	default:
		l.abort(x, causeNoWorker)
	}
}

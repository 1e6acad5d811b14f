package lbproxy

import (
	"percore/lbproxy/balance"
	"percore/lbproxy/timer"
)

// park makes a request wait in the queue. One that all ready workers refused is due again after a moment.
func (x *exchange) park() {
	l := x.loop
	if l.stage >= loopFinishing {
		x.abort(causeDeadline)
		return
	}
	if x.clientEnd().isLeaving() {
		x.abort(causeClientClosed)
		return
	}
	if x.isOverdue() {
		x.queueTimedOut()
		return
	}
	if why := x.hopeless(); why != causeNone {
		x.abort(why)
		return
	}
	x.request.state, x.parkedNanos = requestParked, l.nowNanos
	if !l.balancer.Enter(&x.wait, l.options.QueueSize, l.steady()) {
		x.abort(causeQueueFull)
		return
	}
	if x.wait.Tries > 0 && l.timers.Class(l.retrySlot) == timer.None {
		l.timers.Set(l.retrySlot, timerRetry, l.now)
	}
	x.clientEnd().probe()
}

// isOverdue tells whether a request has looked for a worker for as long as it may, in the queue and by connects that came to
// nothing. The time that a worker had it does not count.
func (x *exchange) isOverdue() bool {
	limit := x.loop.waitMax()
	return limit > 0 && x.soughtNanos() >= int64(limit)
}

// soughtNanos is for how long a request has looked for a worker, without what is not held against it.
func (x *exchange) soughtNanos() int64 { return x.queuedNanos + x.refusedNanos - x.firstStart }

// unpark ends an exchange's wait before it was over, and passes on the place that it may have got.
func (x *exchange) unpark() {
	x.endWait()
	if t := x.loop.balancer.Leave(&x.wait); t != nil {
		x.loop.proxy.group.EndRepeat(&x.wait)
		t.Release()
		x.loop.freed(t)
	}
}

func (x *exchange) endWait() {
	l := x.loop
	x.request.state = requestHeld
	x.queuedNanos += l.nowNanos - x.parkedNanos
	if l.table.StartsFirst() {
		x.firstStart += l.nowNanos - x.parkedNanos
	}
}

// freed passes on a place at t that nobody has any more.
func (l *loop) freed(t *balance.Backend) {
	if l.proxy.group.Waiting() > 0 {
		l.balancer.Serve(l.steady())
	}
	if t.Load() == 0 {
		l.proxy.workerIdle()
	}
}

// takeGrants sends the requests that waited and have got a place at a worker.
func (l *loop) takeGrants() {
	for {
		w, t := l.mailbox.Next()
		if w == nil {
			return
		}
		l.exchanges.all[w.ID].useGrant(t)
	}
}

// useGrant sends a request that waited to t, unless its client has left.
func (x *exchange) useGrant(t *balance.Backend) {
	l := x.loop
	c := l.conns.at(x.downstream)
	defer l.rescue(c.ref())
	defer l.retime(x.id)
	x.endWait()
	x.backend = t // from here on the exchange gives the place back, whatever happens
	if l.crowded && x.clientEnd().hasLeft() {
		x.abort(causeClientClosed)
		return
	}
	x.sendTo(t, x.stale == nil)
}

// retryParked lets every waiting request of this loop have all workers again.
func (l *loop) retryParked() {
	l.timers.Clear(l.retrySlot)
	l.balancer.Forgive(l.steady())
}

// queueTimedOut ends a wait that took too long. An exchange that is being sent just then has other timers.
func (x *exchange) queueTimedOut() {
	switch {
	case x.request.state != requestParked && x.backend != nil:
	case x.wait.Tries > 0 && x.loop.table.AnyUp(): // all that are said to be ready have failed it
		x.abort(x.failure)
	case x.loop.table.AnyUp():
		x.abort(causeBusy)
	default:
		x.abort(causeNoWorker)
	}
}

// dismissHopeless ends the waits of this loop that a new snapshot leaves without hope.
func (l *loop) dismissHopeless() {
	if l.table.AnyUp() || l.proxy.group.Waiting() == 0 {
		return
	}
	for _, w := range l.balancer.Waiting() {
		x := l.exchanges.all[w.ID]
		c := l.conns.at(x.downstream)
		func() {
			defer l.rescue(c.ref())
			if why := x.hopeless(); x.request.state == requestParked && why != causeNone {
				x.abort(why)
			}
		}()
	}
}

// endFirstStart begins the ordinary wait of those that have waited for the fleet's first worker.
func (l *loop) endFirstStart() {
	for _, w := range l.balancer.Waiting() {
		x := l.exchanges.all[w.ID]
		x.firstStart += l.nowNanos - x.parkedNanos
		l.retime(x.id)
	}
}

// repeatAnswered ends the repeat that x may be: its worker has answered, and how long the answer goes on says nothing about the
// next one.
func (x *exchange) repeatAnswered() {
	l := x.loop
	if l.proxy.group.EndRepeat(&x.wait) && l.proxy.group.Waiting() > 0 {
		l.balancer.Serve(l.steady())
	}
}

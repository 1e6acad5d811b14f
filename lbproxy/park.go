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
	if !x.service.balancer.Enter(&x.wait, x.service.options.QueueSize, l.steady()) {
		x.abort(causeQueueFull)
		return
	}
	if x.wait.Tries > 0 && l.timers.Class(l.retrySlot) == timer.None {
		l.timers.Set(l.retrySlot, timerRetry, l.now)
	}
	x.clientEnd().probe()
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
	for _, s := range l.services {
		s.balancer.Forgive(l.steady())
	}
}

// queueTimedOut ends a wait that took too long. An exchange that is being sent just then has other timers.
func (x *exchange) queueTimedOut() {
	switch {
	case x.request.state != requestParked && x.backend != nil:
	case x.wait.Tries > 0 && x.service.table.AnyUp(): // all that are said to be ready have failed it
		x.abort(x.failure)
	case x.service.table.AnyUp():
		x.abort(causeBusy)
	default:
		x.abort(causeNoWorker)
	}
}

// dismissHopeless ends the waits of this loop that a new snapshot leaves without hope.
func (s *service) dismissHopeless() {
	l := s.loop
	if s.table.AnyUp() || s.shared.Waiting() == 0 {
		return
	}
	for _, w := range s.balancer.Waiting() {
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
func (s *service) endFirstStart() {
	l := s.loop
	for _, w := range s.balancer.Waiting() {
		x := l.exchanges.all[w.ID]
		x.firstStart += l.nowNanos - x.parkedNanos
		l.retime(x.id)
	}
}

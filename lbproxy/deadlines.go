package lbproxy

import "percore/lbproxy/timer"

// The timer classes of a loop; conn.go says which state arms which.
const (
	timerHeader timer.Class = 1 + iota
	timerBody
	timerSend
	timerKeepalive
	timerConnect
	timerRead
	timerPooled
	timerQueue
	timerTunnel
	timerFirstStart
	timerLinger
	timerAcceptPause
	timerGrace
	timerRetry
	timerProxy
	timerHalfClosed
	timerWorkerSend
	timerExpect
	timerFinished
)

// idleTimer is the timer class of a connection that waits for a request: while the front door stops, a short one.
func (l *loop) idleTimer(usual timer.Class) timer.Class {
	if l.isDraining() {
		return timerGrace
	}
	return usual
}

// A client's connection has one timer, and what the client owes, or is owed, changes with both sides of its exchange. So the class
// follows from the exchange's state, and is brought up to date when whatever happened to it is over.

// clientClass is what the client of an exchange has a time for now: timer.None where it waits for a worker. What it does not take of its
// answer goes first, whatever else it does.
func (x *exchange) clientClass(c *conn) timer.Class {
	switch {
	case x.writer.pending() > 0:
		return timerSend
	case x.request.state == requestParked && x.loop.table.StartsFirst():
		return timerFirstStart
	case x.request.state == requestParked:
		return timerQueue
	case x.upload.state == uploadBody && (x.request.state == requestHeld || x.request.state == requestStreaming && x.request.unsent.Pending() == 0):
		if x.upload.expects {
			return timerExpect
		}
		return timerBody
	case x.isFinishing(c):
		return timerFinished
	default:
		return timer.None
	}
}

// retime gives the client of an exchange the timer that it has to have. One that is armed for the same goes on.
func (l *loop) retime(exchange int32) {
	if exchange == noSlot {
		return
	}
	x := l.exchanges.all[exchange]
	c := l.conns.at(x.downstream)
	if c.exchange != exchange || c.kind != kindDownstream || c.state != stateOpen || x.upload.state == uploadHead {
		return // it has ended, or has not begun, or is a tunnel
	}
	switch class := x.clientClass(c); {
	case class == l.timers.Class(c.slot):
	case class == timer.None:
		l.timers.Clear(c.slot)
	default:
		l.timers.Set(c.slot, class, l.now)
	}
}

// A client has to send a body at ClientBodyMinRate, over any span of ClientBodyTimeout in which we were ready to read. The default
// is Kestrel's; the slowest mobile connections have ten times as much. Without it a byte now and then would hold a buffer, and
// perhaps a worker, for hours.

// awaitBody starts, or starts anew after a pause of our own making, the time in which more of a body has to come: not before
// the client was told to send it.
func (x *exchange) awaitBody(c *conn) {
	x.touchBody(c)
	x.upload.paceMillis, x.upload.paceBytes = x.loop.now, x.upload.body.total
}

// touchBody starts the time anew in which the next piece of a body has to come.
func (x *exchange) touchBody(c *conn) {
	if class := x.clientClass(c); class == timerBody || class == timerExpect {
		x.loop.timers.Set(c.slot, class, x.loop.now)
	}
}

// bodyTimedOut ends an exchange whose body does not come. One whose answer has begun goes on without the rest of it: a worker that
// needs that has its own time.
func (x *exchange) bodyTimedOut(why cause) {
	if x.response.state == responseRelaying {
		x.request.state = requestStopped
		return
	}
	x.abort(why)
}

// isTooSlow tells whether a body that goes on has come at less than the least rate. It looks once in a span, so it costs a
// subtraction for each read, and no timer.
func (x *exchange) isTooSlow() bool {
	l := x.loop
	span, elapsed := l.options.ClientBodyTimeout.Milliseconds(), l.now-x.upload.paceMillis
	if x.upload.body.done || span <= 0 || elapsed < span {
		return false
	}
	slow := (x.upload.body.total-x.upload.paceBytes)*1000 < l.options.ClientBodyMinRate*elapsed
	x.upload.paceMillis, x.upload.paceBytes = l.now, x.upload.body.total
	return slow
}

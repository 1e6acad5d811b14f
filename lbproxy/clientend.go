package lbproxy

import (
	"percore/lbproxy/buffer"
	"percore/lbproxy/timer"
)

// clientEnd is the client's end of an exchange: what an exchange asks of the connection that it came over. That
// connection is one exchange's alone for now, and so are its timer and its FIN; where several share one, this is the
// place that tells them apart.
type clientEnd struct{ *exchange }

// clientEnd is the client's end of x.
func (x *exchange) clientEnd() clientEnd { return clientEnd{x} }

func (e clientEnd) conn() *conn { return e.loop.conns.at(e.downstream) }

// arm starts the time that the client has for something.
func (e clientEnd) arm(class timer.Class) { e.loop.timers.Set(e.downstream, class, e.loop.now) }

// disarm ends the time that the client has.
func (e clientEnd) disarm() { e.loop.timers.Clear(e.downstream) }

// armed is what the client has a time for.
func (e clientEnd) armed() timer.Class { return e.loop.timers.Class(e.downstream) }

// readOn has what the client sends read, now that there is a use for it again.
func (e clientEnd) readOn() { e.loop.enqueue(e.conn()) }

// isComplete reports whether the client has sent its request and nothing that is lost, so that the next one may
// follow.
func (e clientEnd) isComplete() bool {
	return e.conn().state == stateOpen && e.upload.state == uploadWhole && !e.upload.forgot
}

// A client's connection has one timer, and what the client owes, or is owed, changes with both sides of its exchange.
// So the class follows from the exchange's state, and is brought up to date when whatever happened to it is over.

// class is what the client has a time for now: timer.None where it waits for a worker. What it does not take of its
// response goes first, whatever else it does.
func (e clientEnd) class() timer.Class {
	switch {
	case e.writer.pending() > 0:
		return timerSend
	case e.request.state == requestParked && e.service.table.StartsFirst():
		return e.service.timer(timerFirstStart)
	case e.request.state == requestParked:
		return e.service.timer(timerQueue)
	case e.owesBody() && e.upload.expects:
		return timerExpect
	case e.owesBody():
		return timerBody
	case e.isFinishing():
		return timerFinished
	default:
		return timer.None
	}
}

// owesBody reports whether the next piece of the request's body is wanted.
func (e clientEnd) owesBody() bool {
	return e.upload.state == uploadBody &&
		(e.request.state == requestHeld && !e.request.isBusy() ||
			e.request.state == requestStreaming && e.request.unsent.Pending() == 0)
}

// retime gives the client of an exchange the timer that it has to have. One that is armed for the same goes on.
func (l *loop) retime(exchange int32) {
	if exchange == noSlot {
		return
	}
	e := l.exchanges.all[exchange].clientEnd()
	c := e.conn()
	if c.exchange != exchange || c.kind != kindDownstream || c.state != stateOpen || e.upload.state == uploadHead {
		return // it has ended, or has not begun, or is a tunnel
	}
	switch class := e.class(); {
	case class == e.armed():
	case class == timer.None:
		e.disarm()
	default:
		e.arm(class)
	}
}

// awaitBody starts, or starts anew after a pause of our own making, the time in which more of a body has to come: not
// before the client was told to send it.
func (e clientEnd) awaitBody() {
	e.touchBody()
	e.upload.paceMillis, e.upload.paceBytes = e.loop.now, e.upload.body.Total
}

// touchBody starts the time anew in which the next piece of a body has to come.
func (e clientEnd) touchBody() {
	if class := e.class(); class == timerBody || class == timerExpect {
		e.arm(class)
	}
}

// isFinishing reports whether a client's FIN gives its worker a time.
func (e clientEnd) isFinishing() bool {
	goesOn := e.response.state == responseAwaited || e.response.state == responseRelaying
	if e.loop.options.ProxyIgnoreClientAbort || !goesOn {
		return false
	}
	c := e.conn()
	return c.has(flagLateFIN) || c.has(flagHalfClosed) && e.mayProbe()
}

// mayProbe reports whether the client can be told something that it gets in any case.
func (e clientEnd) mayProbe() bool {
	return e.upload.state == uploadWhole && !e.writer.probed &&
		(e.response.state == responseAwaited || e.writer.isChunked())
}

// Between two requests, and behind the last one.

// rest has a connection wait for its next request.
func (l *loop) rest(c *conn) {
	c.state = stateIdle
	l.timers.Set(c.slot, l.idleTimer(timerKeepalive), l.now)
	if c.readable() {
		l.enqueue(c)
	}
}

// takeUpAhead starts the exchange whose bytes the client sent before it had its last response. They are parsed on the
// connection's next turn: a flood of requests that need no worker must not become as deep a recursion.
func (l *loop) takeUpAhead(c *conn, ahead buffer.Box) {
	l.newExchange(c).upload.in = ahead
	c.state = stateOpen
	l.timers.Set(c.slot, l.idleTimer(timerHeader), l.now)
	l.enqueue(c)
}

// closeResponded closes a connection behind its last response. When input may be unread, the FIN goes first and the
// rest is awaited, or the response could be lost.
func (l *loop) closeResponded(c *conn, inputRead bool) {
	if inputRead && !c.readable() {
		l.closeConn(c)
		return
	}
	l.linger(c)
}

// linger sends a FIN and throws away what still arrives, for a while: closing with unread input would reset the
// connection and could destroy the response on its way (RFC 9112 section 9.6).
func (l *loop) linger(c *conn) {
	l.sendFin(c)
	c.state = stateLinger
	c.since = l.now
	l.timers.Set(c.slot, timerLinger, l.now)
	l.watch(c)
	l.discard(c)
}

// discard reads and forgets until the client closes.
func (l *loop) discard(c *conn) {
	for range readsPerTurn {
		if !c.readable() {
			if c.gone() {
				l.closeConn(c)
			}
			return
		}
		// Also where both sides have ended: what is unread would make a reset of the close.
		b, ok := l.receive(c, buffer.ScratchBytes)
		if !ok {
			return
		}
		if len(b) == 0 || l.now-c.since >= lingerMillisMax {
			l.closeConn(c)
			return
		}
		l.timers.Set(c.slot, timerLinger, l.now)
	}
	l.enqueue(c)
}

// closeUnserved closes a connection that never came to a request.
func (l *loop) closeUnserved(c *conn) {
	if x := l.exchangeOf(c); x != nil {
		l.freeExchange(x)
	}
	l.closeConn(c)
}

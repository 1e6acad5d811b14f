package lbproxy

import "percore/lbproxy/buffer"

// driveDownstream lets a client's connection do what it can.
func (l *loop) driveDownstream(c *conn, writable bool) {
	generation := c.generation
	if writable {
		l.onClientWritable(c)
	}
	if c.generation != generation {
		return
	}
	if c.state == stateOpen && l.exchangeOf(c).upload.hasAhead() {
		l.onHead(c, nil)
	}
	if c.generation != generation {
		return
	}
	switch c.state {
	case stateIdle, stateProxy:
		l.readDownstream(c)
	case stateOpen:
		if l.exchangeOf(c).upload.state == uploadWhole {
			l.exchangeOf(c).clientEnd().watch()
		} else {
			l.readDownstream(c)
		}
	case stateLinger:
		l.discard(c)
	case stateTunnel:
		l.exchangeOf(c).tunnel().read(c)
	case stateNone, stateConnecting, stateBusy, statePooled: // upstream only
	}
}

// onClientWritable writes what was kept for a client.
func (l *loop) onClientWritable(c *conn) {
	if x := l.exchangeOf(c); x != nil && x.writer.pending() > 0 {
		x.flushToClient()
	}
}

// readDownstream reads from a client for as long as its exchange wants bytes.
func (l *loop) readDownstream(c *conn) {
	generation := c.generation
	for range readsPerTurn {
		room := l.requestRoom(c)
		if room == 0 {
			if x := l.exchangeOf(c); x != nil {
				x.clientEnd().watchBlocked()
			}
			return
		}
		if !c.readable() {
			return
		}
		b, ok := l.receive(c, room)
		if !ok {
			return
		}
		if len(b) == 0 {
			l.onClientClosed(c)
			return
		}
		l.onRequestBytes(c, b)
		if c.generation != generation {
			return
		}
	}
	l.enqueue(c)
}

// requestRoom is how many bytes may be read from a client now; 0 while it has to wait.
func (l *loop) requestRoom(c *conn) int {
	switch c.state {
	case stateIdle:
		return headReadBytes
	case stateProxy:
		return proxyHeaderBytes
	case stateOpen:
		return l.exchangeOf(c).uploadRoom()
	default:
		return 0
	}
}

// onClientClosed ends a connection whose client has closed or reset it while something was expected from it.
func (l *loop) onClientClosed(c *conn) {
	if c.state == stateProxy {
		l.closeUnserved(c)
		return
	}
	x := l.exchangeOf(c)
	switch {
	case x == nil:
		l.closeConn(c)
	case x.request.state == requestStopped && !c.gone(): // it need not send the rest of what is thrown away
		x.clientEnd().judgeFIN()
	case x.response.state == responseRelaying && !c.gone(): // nor of what is answered already; or it has left
		x.request.state = requestStopped
		x.clientEnd().noteLeaving()
	default:
		x.abort(causeClientClosed)
	}
}

// onRequestBytes takes bytes from a client.
func (l *loop) onRequestBytes(c *conn, b []byte) {
	switch x := l.exchangeOf(c); {
	case c.state == stateProxy:
		l.onProxyHeader(c, b)
	case x != nil && x.upload.state == uploadBody:
		x.onBody(b)
	default:
		l.onHead(c, b)
	}
}

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

package lbproxy

import (
	"percore/lbproxy/buffer"
	"percore/lbproxy/client"
	"percore/lbproxy/proxyproto"
)

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

// proxyHeaderBytes is what one read takes of it: a header, and the first request, which usually follows at once.
const proxyHeaderBytes = headReadBytes

// onProxyHeader takes the start of a connection on a listener that demands the PROXY protocol. Nothing is guessed:
// what is no header ends the connection without a word (doc/proxy-protocol.txt, section 2).
func (l *loop) onProxyHeader(c *conn, b []byte) {
	x := l.exchangeOf(c)
	if x != nil {
		x.upload.in.Add(&l.buffers, b)
		b = x.upload.in.Bytes()
	}
	h, n, err := proxyproto.Parse(b)
	switch {
	case err != nil:
		// The operator of the balancer, or of us, has to hear of it; a health check that knows nothing of the protocol comes
		// every few seconds.
		l.complain(&l.complaints.refused, sideDownstream, "connection refused", err.Error())
		l.closeUnserved(c)
	case n > 0:
		c.introduce(h, &l.trust)
		l.beginClient(c, b[n:])
	case l.buffers.Pressure() == buffer.Full:
		l.closeUnserved(c)
	case x == nil:
		x = l.newExchange(c)
		x.upload.in.Add(&l.buffers, b)
	}
}

// introduce makes the client that a trusted balancer names the one of the connection. Whether that one is trusted in
// turn, as a second proxy in front of the first, is a matter of its own address.
func (c *conn) introduce(h proxyproto.Header, t *client.Trust) {
	if !h.Known || !c.has(flagTrusted) {
		return
	}
	c.peer = client.FromAddrPort(h.Source)
	if !t.Believes(&c.peer) {
		c.flags &^= flagTrusted
	}
}

// beginClient lets the connection speak HTTP; rest is what it has said already.
func (l *loop) beginClient(c *conn, rest []byte) {
	c.state = stateIdle
	l.timers.Set(c.slot, l.idleTimer(timerHeader), l.now)
	x := l.exchangeOf(c)
	switch {
	case x == nil && len(rest) > 0:
		l.onHead(c, rest)
	case x == nil:
	case len(rest) == 0:
		l.freeExchange(x)
	default:
		x.client = c.peer
		x.upload.keepRest(&l.buffers, rest)
		c.state = stateOpen
		l.onHead(c, nil)
	}
}

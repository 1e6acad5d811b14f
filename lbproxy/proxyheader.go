package lbproxy

import (
	"percore/lbproxy/buffer"
	"percore/lbproxy/client"
	"percore/lbproxy/proxyproto"
)

// proxyHeaderBytes is what one read takes of it: a header, and the first request, which usually follows at once.
const proxyHeaderBytes = headReadBytes

// onProxyHeader takes the start of a connection on a listener that demands the PROXY protocol. Nothing is guessed: what
// is no header ends the connection without a word (doc/proxy-protocol.txt, section 2).
func (l *loop) onProxyHeader(c *conn, b []byte) {
	x := l.exchangeOf(c)
	if x != nil {
		x.upload.in.Add(&l.buffers, b)
		b = x.upload.in.Bytes()
	}
	h, n, err := proxyproto.Parse(b)
	switch {
	case err != nil:
		// Whoever set the balancer up, or us, has to hear of it; a health check that knows nothing of the protocol comes every few seconds.
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

// introduce makes the one whom a trusted balancer names the client. Whether that one is trusted in turn, as a second
// proxy in front of the first, is a matter of its own address.
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

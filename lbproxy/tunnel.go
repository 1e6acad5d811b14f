package lbproxy

import "percore/lbproxy/buffer"

// beginTunnel switches an exchange to the protocol that the worker agreed to with its 101 (RFC 9110 section 15.2.2): from
// here on bytes pass both ways unread. Bytes behind either head belong to the tunnel.
func (x *exchange) beginTunnel(u *conn, rest []byte) {
	l := x.loop
	if !x.upgrade || !l.response.Upgrade {
		x.tryFailed(causeBadResponse)
		return
	}
	c := l.conns.at(x.downstream)
	x.request.state, x.response.state = requestSent, responseTunnel
	x.request.replay, x.response.reusable = false, false
	c.state, u.state = stateTunnel, stateTunnel
	x.backend.BecomeTunnel()
	l.freed(x.backend)
	takes := x.writer.switchProtocols(&l.response, rest)
	x.releaseHead() // a tunnel may last for hours
	x.releaseResponseHead()
	if !x.goesOn(takes) {
		return
	}
	ahead := x.upload.in
	x.upload.in = buffer.Box{}
	if ahead.Pending() > 0 {
		x.sendTunnel(u, &x.request.unsent, ahead.Bytes())
		ahead.Release(&l.buffers)
	}
	if c.state == stateTunnel && x.upstream != noSlot {
		x.touchTunnel()
		l.enqueue(c)
		l.enqueue(u) // more, or a FIN, may have come with the head
	}
}

// touchTunnel starts the idle time of a tunnel anew. The client's slot has the timer.
func (x *exchange) touchTunnel() {
	l := x.loop
	class := timerTunnel
	if l.conns.at(x.upstream).finSent() || l.conns.at(x.downstream).finSent() {
		class = timerHalfClosed
	}
	l.timers.Clear(x.upstream)
	l.timers.Set(x.downstream, class, l.now)
}

// peerOf returns the other end of c's tunnel, and what waits to be written to it.
func (x *exchange) peerOf(c *conn) (*conn, *buffer.Box) {
	if c.slot == x.downstream {
		return x.loop.conns.at(x.upstream), &x.request.unsent
	}
	return x.loop.conns.at(x.downstream), &x.writer.unsent
}

// readTunnel passes on what one end sent, as long as the other end takes it.
func (l *loop) readTunnel(c *conn) {
	generation := c.generation
	for range readsPerTurn {
		x := l.exchangeOf(c)
		peer, box := x.peerOf(c)
		if peer.finSent() && c.gone() { // it had only finished, now it is gone
			x.closeTunnel()
			return
		}
		if !c.readable() || box.Pending() > 0 || peer.finSent() {
			return
		}
		b, ok := l.receive(c, l.readRoom())
		if !ok {
			return
		}
		x.touchTunnel()
		if len(b) == 0 {
			x.onTunnelClosed(c)
			return
		}
		if x.onTunnelBytes(c, b); c.generation != generation {
			return
		}
	}
	l.enqueue(c)
}

// onTunnelBytes passes on what one end sent.
func (x *exchange) onTunnelBytes(c *conn, b []byte) {
	if c.kind == kindUpstream {
		x.writer.bodyBytes += int64(len(b))
	}
	peer, box := x.peerOf(c)
	x.sendTunnel(peer, box, b)
}

// onTunnelClosed passes a FIN on and keeps the other direction open (RFC 9293 section 3.6); an error ends both. A worker's last
// words are on their way to a client that may still be sending, so that its connection must not be reset.
func (x *exchange) onTunnelClosed(c *conn) {
	c.readNoMore()
	switch {
	case !c.gone() && !c.finSent():
		peer, _ := x.peerOf(c)
		x.loop.sendFin(peer)
		x.touchTunnel()
	case c.kind == kindUpstream && !c.failed():
		x.detachWorker(false)
		x.finish()
	default:
		x.closeTunnel()
	}
}

// sendTunnel writes p to one end and keeps what it does not take.
func (x *exchange) sendTunnel(to *conn, box *buffer.Box, p []byte) {
	n, ok := x.loop.send(to, p)
	switch {
	case !ok:
		x.onTunnelRefused(to, box)
	case n < len(p):
		box.Add(&x.loop.buffers, p[n:])
	}
}

// onTunnelRefused goes on with what one end, which takes nothing any more, has said before.
func (x *exchange) onTunnelRefused(to *conn, box *buffer.Box) {
	box.Release(&x.loop.buffers)
	to.endWriting()
	x.touchTunnel()
	x.loop.enqueue(to)
}

// driveTunnelUpstream lets the worker's end of a tunnel do what it can.
func (l *loop) driveTunnelUpstream(u *conn, writable bool) {
	generation := u.generation
	x := l.exchangeOf(u)
	if writable {
		x.onTunnelWritable(u)
	}
	if u.generation == generation {
		l.readTunnel(u)
	}
}

// onTunnelWritable writes what was kept for the worker, then lets the client be read again.
func (x *exchange) onTunnelWritable(u *conn) {
	l := x.loop
	if x.request.unsent.Pending() == 0 {
		return
	}
	n, ok := l.send(u, x.request.unsent.Bytes())
	if !ok {
		x.onTunnelRefused(u, &x.request.unsent)
		return
	}
	if n == 0 {
		return
	}
	if x.request.unsent.Take(n); x.request.unsent.Pending() == 0 {
		x.request.unsent.Release(&l.buffers)
		l.enqueue(l.conns.at(x.downstream))
	}
	x.touchTunnel()
}

// closeTunnel ends both directions.
func (x *exchange) closeTunnel() {
	x.detachWorker(false)
	x.drop(x.response.status)
}

package lbproxy

import "percore/lbproxy/http1"

// beginTunnel switches an exchange to the protocol that the worker agreed to with its 101 (RFC 9110 section 15.2.2): from
// here on bytes pass both ways unread. Bytes behind either head belong to the tunnel.
func (l *loop) beginTunnel(u *conn, x *exchange, rest []byte) {
	if !x.upgrade || !l.response.Upgrade {
		l.tryFailed(x, causeBadResponse)
		return
	}
	b := appendStatusLine(l.out[:0], &l.response)
	for i := range l.response.Fields {
		if f := &l.response.Fields[i]; !f.Hop && f.ID != http1.FieldContentLength {
			b = appendField(b, f)
		}
	}
	b = appendUpgrade(b, l.response.Fields)
	b = append(b, crlf...)
	l.out = append(b, rest...)
	c := l.conns.at(x.downstream)
	x.response, x.committed, x.replay, x.keepAlive, x.reusable = responseTunnel, true, false, false, false
	c.state, u.state = stateTunnel, stateTunnel
	x.target.becomeTunnel()
	l.freed(x.target)
	l.releaseHead(x) // a tunnel may last for hours
	l.releaseAnswer(x)
	x.bytesOut += int64(len(rest))
	if !l.sendToClient(x, l.out) {
		return
	}
	ahead := x.in
	x.in = outbox{}
	if ahead.pending() > 0 {
		l.sendTunnel(x, u, &x.toWorker, ahead.bytes())
		ahead.release(&l.buffers)
	}
	if c.state == stateTunnel && x.upstream != noSlot {
		l.touchTunnel(x)
		l.enqueue(c)
		l.enqueue(u) // more, or a FIN, may have come with the head
	}
}

// touchTunnel starts the idle time of a tunnel anew. The client's slot has the timer.
func (l *loop) touchTunnel(x *exchange) {
	class := timerTunnel
	if l.conns.at(x.upstream).has(flagFinSent) || l.conns.at(x.downstream).has(flagFinSent) {
		class = timerHalfClosed
	}
	l.timers.Clear(x.upstream)
	l.timers.Set(x.downstream, class, l.now)
}

// peerOf returns the other end of c's tunnel, and what waits to be written to it.
func (l *loop) peerOf(x *exchange, c *conn) (*conn, *outbox) {
	if c.slot == x.downstream {
		return l.conns.at(x.upstream), &x.toWorker
	}
	return l.conns.at(x.downstream), &x.toClient
}

// readTunnel passes on what one end sent, as long as the other end takes it.
func (l *loop) readTunnel(c *conn) {
	generation := c.generation
	for range readsPerTurn {
		x := l.exchangeOf(c)
		peer, box := l.peerOf(x, c)
		if peer.has(flagFinSent) && c.has(flagBroken) { // it had only finished, now it is gone
			l.closeTunnel(x)
			return
		}
		if !c.has(flagReadable) || box.pending() > 0 || peer.has(flagFinSent) {
			return
		}
		b, ok := l.receive(c, l.readRoom())
		if !ok {
			return
		}
		l.touchTunnel(x)
		if len(b) == 0 {
			l.onTunnelClosed(c, x)
			return
		}
		if l.onTunnelBytes(c, x, b); c.generation != generation {
			return
		}
	}
	l.enqueue(c)
}

// onTunnelBytes passes on what one end sent.
func (l *loop) onTunnelBytes(c *conn, x *exchange, b []byte) {
	if c.kind == kindUpstream {
		x.bytesOut += int64(len(b))
	}
	peer, box := l.peerOf(x, c)
	l.sendTunnel(x, peer, box, b)
}

// onTunnelClosed passes a FIN on and keeps the other direction open (RFC 9293 section 3.6); an error ends both. A worker's last
// words are on their way to a client that may still be sending, so that its connection must not be reset.
func (l *loop) onTunnelClosed(c *conn, x *exchange) {
	c.flags &^= flagReadable
	switch {
	case !c.has(flagBroken | flagFinSent):
		peer, _ := l.peerOf(x, c)
		l.sendFin(peer)
		l.touchTunnel(x)
	case c.kind == kindUpstream && !c.has(flagFailed):
		l.detachWorker(x, false)
		l.finish(x)
	default:
		l.closeTunnel(x)
	}
}

// sendTunnel writes p to one end and keeps what it does not take.
func (l *loop) sendTunnel(x *exchange, to *conn, box *outbox, p []byte) {
	n, ok := l.send(to, p)
	switch {
	case !ok:
		l.onTunnelRefused(x, to, box)
	case n < len(p):
		box.add(&l.buffers, p[n:])
	}
}

// onTunnelRefused goes on with what one end, which takes nothing any more, has said before.
func (l *loop) onTunnelRefused(x *exchange, to *conn, box *outbox) {
	box.release(&l.buffers)
	to.flags |= flagFinSent | flagReadable
	l.touchTunnel(x)
	l.enqueue(to)
}

// driveTunnelUpstream lets the worker's end of a tunnel do what it can.
func (l *loop) driveTunnelUpstream(u *conn, writable bool) {
	generation := u.generation
	x := l.exchangeOf(u)
	if writable {
		l.onTunnelWritable(u, x)
	}
	if u.generation == generation {
		l.readTunnel(u)
	}
}

// onTunnelWritable writes what was kept for the worker, then lets the client be read again.
func (l *loop) onTunnelWritable(u *conn, x *exchange) {
	if x.toWorker.pending() == 0 {
		return
	}
	n, ok := l.send(u, x.toWorker.bytes())
	if !ok {
		l.onTunnelRefused(x, u, &x.toWorker)
		return
	}
	if n == 0 {
		return
	}
	if x.toWorker.off += n; x.toWorker.pending() == 0 {
		x.toWorker.release(&l.buffers)
		l.enqueue(l.conns.at(x.downstream))
	}
	l.touchTunnel(x)
}

// closeTunnel ends both directions.
func (l *loop) closeTunnel(x *exchange) {
	l.detachWorker(x, false)
	l.drop(x, x.status)
}

package lbproxy

import "percore/lbproxy/buffer"

// tunnel is an exchange whose protocol was switched.
type tunnel struct{ *exchange }

// tunnel is x as one; its state has to be stateTunnel.
func (x *exchange) tunnel() tunnel { return tunnel{x} }

// beginTunnel switches an exchange to the protocol that the worker agreed to with its 101 (RFC 9110 section 15.2.2):
// from here on bytes pass both ways unread. Bytes behind either head belong to the tunnel.
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
	x.service.freed(x.backend)
	takes := x.writer.switchProtocols(&l.response, rest)
	x.request.release(&l.buffers) // a tunnel may last for hours
	x.response.release(&l.buffers)
	if !x.goesOn(takes) {
		return
	}
	ahead := x.upload.in
	x.upload.in = buffer.Box{}
	if ahead.Pending() > 0 {
		x.tunnel().send(u, &x.request.unsent, ahead.Bytes())
		ahead.Release(&l.buffers)
	}
	if c.state == stateTunnel && x.upstream != noSlot {
		x.tunnel().touch()
		l.enqueue(c)
		l.enqueue(u) // more, or a FIN, may have come with the head
	}
}

// touch starts the idle time of a tunnel anew. The client's slot has the timer.
func (t tunnel) touch() {
	l := t.loop
	class := t.service.timer(timerTunnel)
	if l.conns.at(t.upstream).finSent() || l.conns.at(t.downstream).finSent() {
		class = timerHalfClosed
	}
	l.timers.Clear(t.upstream)
	l.timers.Set(t.downstream, class, l.now)
}

// peerOf returns the other end of c's tunnel, and what waits to be written to it.
func (t tunnel) peerOf(c *conn) (*conn, *buffer.Box) {
	if c.slot == t.downstream {
		return t.loop.conns.at(t.upstream), &t.request.unsent
	}
	return t.loop.conns.at(t.downstream), &t.writer.unsent
}

// read passes on what one end sent, as long as the other end takes it.
func (t tunnel) read(c *conn) {
	l, generation := t.loop, c.generation
	for range readsPerTurn {
		peer, box := t.peerOf(c)
		if peer.finSent() && c.gone() { // it had only finished, now it is gone
			t.close()
			return
		}
		if !c.readable() || box.Pending() > 0 || peer.finSent() {
			return
		}
		b, ok := l.receive(c, l.readRoom())
		if !ok {
			return
		}
		t.touch()
		if len(b) == 0 {
			t.onClosed(c)
			return
		}
		if t.onBytes(c, b); c.generation != generation {
			return
		}
	}
	l.enqueue(c)
}

// onBytes passes on what one end sent.
func (t tunnel) onBytes(c *conn, b []byte) {
	if c.kind == kindUpstream {
		t.writer.bodyBytes += int64(len(b))
	}
	peer, box := t.peerOf(c)
	t.send(peer, box, b)
}

// onClosed passes a FIN on and keeps the other direction open (RFC 9293 section 3.6); an error ends both. A worker's
// last bytes are on their way to a client that may still be sending, so that its connection must not be reset.
func (t tunnel) onClosed(c *conn) {
	c.readNoMore()
	switch {
	case !c.gone() && !c.finSent():
		peer, _ := t.peerOf(c)
		t.loop.sendFin(peer)
		t.touch()
	case c.kind == kindUpstream && !c.failed():
		t.detachWorker(false)
		t.finish()
	default:
		t.close()
	}
}

// send writes p to one end and keeps what it does not take.
func (t tunnel) send(to *conn, box *buffer.Box, p []byte) {
	n, ok := t.loop.send(to, p)
	switch {
	case !ok:
		t.onRefused(to, box)
	case n < len(p):
		box.Add(&t.loop.buffers, p[n:])
	}
}

// onRefused goes on with what one end, which takes nothing any more, has said before.
func (t tunnel) onRefused(to *conn, box *buffer.Box) {
	box.Release(&t.loop.buffers)
	to.endWriting()
	t.touch()
	t.loop.enqueue(to)
}

// driveWorker lets the worker's end of a tunnel do what it can.
func (t tunnel) driveWorker(u *conn, writable bool) {
	generation := u.generation
	if writable {
		t.onWritable(u)
	}
	if u.generation == generation {
		t.read(u)
	}
}

// onWritable writes what was kept for the worker, then lets the client be read again.
func (t tunnel) onWritable(u *conn) {
	l := t.loop
	if t.request.unsent.Pending() == 0 {
		return
	}
	n, ok := l.send(u, t.request.unsent.Bytes())
	if !ok {
		t.onRefused(u, &t.request.unsent)
		return
	}
	if n == 0 {
		return
	}
	if t.request.unsent.Take(n); t.request.unsent.Pending() == 0 {
		t.request.unsent.Release(&l.buffers)
		l.enqueue(l.conns.at(t.downstream))
	}
	t.touch()
}

// close ends both directions.
func (t tunnel) close() {
	t.detachWorker(false)
	t.drop(t.response.status)
}

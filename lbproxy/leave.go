package lbproxy

import "percore/lbproxy/http1"

// A client that has sent its request and then a FIN has either closed its connection or only shut down its sending
// side, to which it has a right (RFC 9112 section 9.6). Nothing on the wire tells these apart until we send
// something, which a closed socket answers with a reset. nginx and HAProxy take every FIN for leaving;
// docs/adr/0020-a-client-that-leaves.md has why we look closer.

// finLagMillis is how long after its request a client's FIN may come and belong to it: time for `printf … | nc
// -N` on a machine where each of its processes has to wait for its turn. A later one is taken for the client's
// leaving.
const finLagMillis = 100

// isLeaving reports whether the client counts as one that leaves: its FIN came later than with its request.
func (e clientEnd) isLeaving() bool { return e.conn().has(flagLateFIN) }

// hasFinished reports whether the client has sent its FIN right behind its request, and so may wait for the response.
func (e clientEnd) hasFinished() bool { return e.conn().has(flagHalfClosed) }

// noteLeaving takes the client's FIN for its leaving.
func (e clientEnd) noteLeaving() {
	c := e.conn()
	c.flags = c.flags&^flagHalfClosed | flagLateFIN
}

// forgive takes the FIN of a client that counted as one that leaves for one behind its request.
func (e clientEnd) forgive() {
	if c := e.conn(); c.has(flagLateFIN) {
		c.flags = c.flags&^flagLateFIN | flagHalfClosed
	}
}

// watch notices that a client left before its response was out. A reset always counts.
func (e clientEnd) watch() {
	c := e.conn()
	if c.ended() {
		e.noteFIN()
	}
	switch left := c.gone(); {
	case e.request.state == requestParked && (left || e.isLeaving()):
		e.abort(causeClientClosed)
	case e.request.state == requestParked:
		e.probe()
	case left && !e.loop.options.ProxyIgnoreClientAbort: // else its worker is to finish, and the response will find out
		e.abort(causeClientClosed)
	}
}

// watchBlocked notices that a client left whose body is not read just now. Whether a chunked one is whole is seen
// only when it is read.
func (e clientEnd) watchBlocked() {
	if e.upload.state != uploadBody {
		return
	}
	c := e.conn()
	if c.gone() {
		e.abort(causeClientClosed)
		return
	}
	if !c.ended() || e.upload.body.Framing != http1.FramingLength {
		return
	}
	if e.judgeFIN(); c.unread() < e.upload.body.Left || e.request.state == requestParked && e.isLeaving() {
		e.abort(causeClientClosed)
	}
}

// hasLeft looks whether a client has closed or reset its connection, which no event may have told yet.
func (e clientEnd) hasLeft() bool {
	c := e.conn()
	if c.gone() || e.isLeaving() {
		return true
	}
	switch e.loop.peek(c) {
	case nextEnd:
		e.judgeFIN()
		return e.upload.state == uploadBody || e.isLeaving()
	case nextFailure:
		return true
	case nextNothing, nextBytes:
	}
	return false
}

// noteWhole remembers when a request was whole, and whether a FIN came with it.
func (e clientEnd) noteWhole() {
	c := e.conn()
	c.since = e.loop.now
	if c.ended() {
		e.noteFIN()
	}
}

// noteFIN takes up the FIN of a client whose request is here. Its connection ends with the response to the last
// request that came before.
func (e clientEnd) noteFIN() {
	e.judgeFIN()
	e.writer.keepAlive = e.writer.keepAlive && (e.upload.in.Pending() > 0 || e.loop.peek(e.conn()) != nextEnd)
}

// judgeFIN decides, once, what a client's FIN stands for, by how long it came after the request. The kernel's word
// counts, as we may have been too busy to look; but for a client that has acknowledged something since, the FIN
// cannot be later than we saw it. A client that has the beginning of a response, and cannot be probed in the middle of
// it, has finished with it.
func (e clientEnd) judgeFIN() {
	if e.hasFinished() || e.isLeaving() {
		return
	}
	c := e.conn()
	lag, known := c.finLag()
	if seen := e.loop.now - c.since; e.upload.state == uploadWhole && (!known || seen < lag) {
		lag = seen
	}
	if lag > finLagMillis || e.response.state == responseRelaying && !e.writer.isChunked() {
		c.flags |= flagLateFIN
	} else {
		c.flags |= flagHalfClosed
	}
}

// finishedTimedOut ends an exchange whose client has left, or asks whether it has.
func (e clientEnd) finishedTimedOut() {
	if e.isLeaving() {
		e.abort(causeClientClosed)
		return
	}
	e.probe()
}

// probe sends a client that has at least shut down its sending side the next byte of its response: a closed socket
// answers with a reset.
func (e clientEnd) probe() {
	if e.hasFinished() && e.upload.state == uploadWhole {
		e.goesOn(e.writer.probe(e.response.state == responseRelaying))
	}
}

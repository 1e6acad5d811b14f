package lbproxy

import "percore/lbproxy/http1"

// A client that has sent its request and then a FIN has either closed its connection or only shut down its sending side, to which it has
// a right (RFC 9112 section 9.6). Nothing on the wire tells these apart until we send something, which a closed socket answers with a
// reset. nginx and HAProxy take every FIN for leaving; docs/adr/0020-a-client-that-leaves.md has why we look closer.

const (
	// finLagMillis is how long after its request a client's FIN may come and belong to it: time for `printf … | nc -N` on a machine where
	// each of its processes has to wait for its turn. A later one is taken for the client's leaving.
	finLagMillis = 100
	// finishedMillis is how long after a client's FIN its worker has for an answer, or for more of it. Then the worker is told that
	// the client has left, or a client that may still listen is probed. nginx and HAProxy give no time.
	finishedMillis = 250
)

// watchClient notices that a client left before its answer was out. A reset always counts.
func (l *loop) watchClient(c *conn) {
	x := l.exchangeOf(c)
	if c.ended() {
		x.noteFIN(c)
	}
	switch left := c.gone(); {
	case x.request.state == requestParked && (left || c.has(flagLateFIN)):
		x.abort(causeClientClosed)
	case x.request.state == requestParked:
		x.probe(c)
	case left && !l.options.IgnoreClientAbort: // else its worker is to finish, and the answer will find out
		x.abort(causeClientClosed)
	}
}

// watchBlocked notices that a client left whose body is not read just now. Whether a chunked one is whole is seen only when it is read.
func (l *loop) watchBlocked(c *conn) {
	x := l.exchangeOf(c)
	if x == nil || x.upload.state != uploadBody {
		return
	}
	if c.gone() {
		x.abort(causeClientClosed)
		return
	}
	if !c.ended() || x.upload.body.framing != http1.FramingLength {
		return
	}
	if l.judgeFIN(c); c.unread() < x.upload.body.left || x.request.state == requestParked && c.has(flagLateFIN) {
		x.abort(causeClientClosed)
	}
}

// hasLeft looks whether a client has closed or reset its connection, which no event may have told yet.
func (l *loop) hasLeft(c *conn) bool {
	if c.gone() || c.has(flagLateFIN) {
		return true
	}
	switch l.peek(c) {
	case nextEnd:
		l.judgeFIN(c)
		return l.exchangeOf(c).upload.state == uploadBody || c.has(flagLateFIN)
	case nextFailure:
		return true
	case nextNothing, nextBytes:
	}
	return false
}

// noteWhole remembers when a request was whole, and whether a FIN came with it.
func (x *exchange) noteWhole(c *conn) {
	c.since = x.loop.now
	if c.ended() {
		x.noteFIN(c)
	}
}

// noteFIN takes up the FIN of a client whose request is here. Its connection ends with the answer to the last request that came before.
func (x *exchange) noteFIN(c *conn) {
	x.loop.judgeFIN(c)
	x.writer.keepAlive = x.writer.keepAlive && (x.upload.in.Pending() > 0 || x.loop.peek(c) != nextEnd)
}

// judgeFIN decides, once, what a client's FIN stands for, by how long it came after the request. The kernel's word counts, as we may have
// been too busy to look; but for a client that has acknowledged something since, the FIN cannot be later than we saw it. A client that has the
// beginning of an answer, and cannot be probed in the middle of it, has finished with it.
func (l *loop) judgeFIN(c *conn) {
	if c.flags&(flagHalfClosed|flagLateFIN) != 0 {
		return
	}
	lag, known := c.finLag()
	x := l.exchangeOf(c)
	if seen := l.now - c.since; x.upload.state == uploadWhole && (!known || seen < lag) {
		lag = seen
	}
	if lag > finLagMillis || x.response.state == responseRelaying && !x.writer.isChunked() {
		c.flags |= flagLateFIN
	} else {
		c.flags |= flagHalfClosed
	}
}

// isFinishing tells whether a client's FIN gives its worker a time.
func (x *exchange) isFinishing(c *conn) bool {
	switch {
	case x.loop.options.IgnoreClientAbort:
		return false
	case c.has(flagLateFIN):
		return x.response.state == responseAwaited || x.response.state == responseRelaying
	default:
		return c.has(flagHalfClosed) && x.upload.state == uploadWhole && !x.writer.probed && (x.response.state == responseAwaited || x.response.state == responseRelaying && x.writer.isChunked())
	}
}

// finishedTimedOut ends an exchange whose client has left, or asks whether it has.
func (x *exchange) finishedTimedOut(c *conn) {
	if c.has(flagLateFIN) {
		x.abort(causeClientClosed)
		return
	}
	x.probe(c)
}

// probe sends a client that has at least shut down its sending side the next byte of its answer: a closed socket answers with a reset.
func (x *exchange) probe(c *conn) {
	if c.has(flagHalfClosed) && x.upload.state == uploadWhole {
		x.goesOn(x.writer.probe(x.response.state == responseRelaying))
	}
}

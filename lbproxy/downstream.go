package lbproxy

import (
	"errors"

	"percore/lbproxy/buffer"
	"percore/lbproxy/http1"
	"percore/lbproxy/page"
	"percore/lbproxy/refusal"
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
	if x := l.exchangeOf(c); c.state == stateOpen && x.upload.state == uploadHead && x.upload.seen < x.upload.in.Pending() {
		l.onHead(c, nil) // what was sent ahead
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

// uploadRoom is how many bytes of a request may be read now; 0 while there is no use for them.
func (x *exchange) uploadRoom() int {
	switch {
	case x.upload.state == uploadWhole:
		return 0
	case x.upload.state == uploadBody:
		return x.bodyRoom()
	case x.upload.seen < x.upload.in.Pending(): // first what is here already: it has its turn in the run queue
		return 0
	default:
		return headReadBytes
	}
}

// bodyRoom is how many bytes of a request's body may be read now.
func (x *exchange) bodyRoom() int {
	l := x.loop
	switch x.request.state {
	case requestHeld:
		held := len(x.request.b) - x.request.bodyAt
		room := min(l.readRoom(), max(x.holdMax()-held, holdBytesMin))
		if l.buffers.Pressure() == buffer.Full {
			room = min(room, max(cap(x.request.b)-len(x.request.b)-len(crlf), 1)) // what needs no larger buffer
		}
		return room
	case requestStreaming:
		if x.request.unsent.Pending() == 0 {
			return l.readRoom()
		}
	case requestStopped:
		return l.readRoom() // to be thrown away
	case requestParked, requestSending, requestSent:
	}
	return 0
}

// headReadBytes is the most that one read takes while a head is expected, and so the most that a client can send ahead of
// the answer: enough for nearly every head, and for most requests with their bodies.
const headReadBytes = 20 << 10

// holdBytesMin is the least that is read at once while a body is held.
const holdBytesMin = 4 << 10

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
	case x.request.state == requestStopped && !c.gone(): // it needs not say the rest of what nobody wants to hear
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
		x.onBody(c, b)
	default:
		l.onHead(c, b)
	}
}

// onHead parses a request's head, which may come in pieces: b is the next one.
func (l *loop) onHead(c *conn, b []byte) {
	x, seen := l.exchangeOf(c), 0
	if x != nil {
		x.upload.in.Add(&l.buffers, b)
		b, seen = x.upload.in.Bytes(), x.upload.seen
	}
	n, err := l.request.Parse(b, seen, l.limits.Request)
	switch {
	case (err != nil || n == 0) && refusal.IsClientHello(b):
		l.ensureExchange(c, x).refuseHello()
	case err != nil:
		l.ensureExchange(c, x).refuseHead(b, err)
	case n == 0:
		l.ensureExchange(c, x).keepHead(c, b)
	default:
		l.ensureExchange(c, x).beginRequest(c, b[n:])
	}
}

func (l *loop) ensureExchange(c *conn, x *exchange) *exchange {
	if x == nil {
		c.state = stateOpen
		return l.newExchange(c)
	}
	return x
}

// keepHead remembers the part of a head that is here. Its timer runs from the first byte, not from the last.
func (x *exchange) keepHead(c *conn, b []byte) {
	l := x.loop
	isFirst := x.upload.in.Pending() == 0
	if isFirst {
		x.upload.in.Add(&l.buffers, b)
	}
	x.upload.seen = len(b)
	if l.buffers.Pressure() == buffer.Full {
		x.abort(causeNoMemory)
		return
	}
	if isFirst {
		l.timers.Set(c.slot, l.idleTimer(timerHeader), l.now)
	}
}

// headTimedOut ends a connection that did not bring a whole head in time: silently when it brought nothing, as
// browsers open connections that they may never use.
func (l *loop) headTimedOut(c *conn) {
	if x := l.exchangeOf(c); x != nil {
		x.abort(causeHeaderTimeout)
		return
	}
	l.linger(c) // its request may have come just now
}

// beginRequest starts on the request whose head is in l.request; rest is what came behind it.
func (x *exchange) beginRequest(c *conn, rest []byte) {
	l := x.loop
	r := &l.request
	l.timers.Clear(c.slot)
	x.method, x.writer.minor, x.upgrade = r.MethodID, r.Minor, r.Upgrade
	x.single = !r.KeepAlive
	x.noteWishes(r.Fields)
	x.writer.keepAlive = r.KeepAlive && !l.isDraining()
	x.headNanos = l.nowNanos
	x.noteHead(r)
	x.upload.body.begin(r.Framing, r.Length)
	x.upload.state = uploadBody
	x.upload.expects = x.asksWorker(r, rest)
	x.buildRequest(c, r)
	if !x.hasRoom(rest) {
		x.abort(causeNoMemory)
		return
	}
	if limit := l.options.ClientMaxBodySize; limit > 0 && r.Length > limit {
		x.abort(causeBodyTooLarge)
		return
	}
	if r.MaxForwards == 0 {
		x.respondOptions(c, rest)
		return
	}
	if x.upload.body.done {
		x.requestRead(c, rest)
		return
	}
	x.clientEnd().awaitBody()
	if len(rest) > 0 {
		x.onBody(c, rest)
		return
	}
	x.upload.in.Release(&l.buffers)
	if r.Expect100 {
		x.onExpectation()
	}
}

// noteWishes notes what the client says about responses to it.
func (x *exchange) noteWishes(fields []http1.Field) {
	var accept page.Accept
	for i := range fields {
		switch f := &fields[i]; {
		case f.ID == http1.FieldAccept && !f.Hop:
			accept.Add(f.Value)
		case f.ID == http1.FieldTE && x.writer.minor > 0 && http1.HasToken(f.Value, "trailers"):
			x.writer.trailers = true
		}
	}
	x.format = accept.Format()
}

// hasRoom tells whether the buffers have room for the request. Where they run short the beginning of a tunnel cannot be held that comes with
// its offer, for which nobody has to wait (RFC 6455 section 4.1).
func (x *exchange) hasRoom(rest []byte) bool {
	p := x.loop.buffers.Pressure()
	if p != buffer.None && x.upgrade && len(rest) > 0 {
		return false
	}
	return p != buffer.Full || x.mayUseReserve()
}

// onBody takes bytes of a request's body: to be held while no worker is chosen, to be passed on after that.
func (x *exchange) onBody(c *conn, b []byte) {
	l := x.loop
	if x.request.state == requestStopped { // its answer is here, or its worker takes no more
		x.upload.body.total += int64(len(b))
		return
	}
	payload, used, err := x.upload.body.take(b)
	switch limit := l.options.ClientMaxBodySize; {
	case err != nil:
		x.refuse(err)
		return
	case limit > 0 && x.upload.body.total > limit:
		x.abort(causeBodyTooLarge)
		return
	case x.clientEnd().isTooSlow():
		x.clientEnd().bodyTimedOut(causeBodyTooSlow)
		return
	}
	x.upload.expects, x.request.replay = false, false
	x.clientEnd().touchBody()
	if x.request.state == requestStreaming {
		x.streamBody(c, payload, b[used:])
		return
	}
	if len(x.request.b)+len(payload) > cap(x.request.b) && l.buffers.Pressure() == buffer.Full {
		x.abort(causeNoMemory)
		return
	}
	x.request.b = l.buffers.Append(x.request.b, payload)
	if x.upload.body.done {
		x.requestRead(c, b[used:])
		return
	}
	x.upload.in.Release(&l.buffers)
	if len(x.request.b)-x.request.bodyAt >= x.holdMax() {
		x.frameHeld()
		x.assign()
	}
}

// streamBody passes a part of a body on to the worker; rest is what came behind the body's end.
func (x *exchange) streamBody(c *conn, payload, rest []byte) {
	if x.upload.body.done {
		x.endRequest(c, rest)
		x.request.state = requestSent
	}
	if x.upload.body.framing == http1.FramingChunked {
		payload = x.loop.scratch.Chunk(payload, x.upload.body.done)
	}
	if len(payload) > 0 {
		x.sendToWorker(payload)
	}
}

// requestRead goes on to choose a worker, now that all of the request is here.
func (x *exchange) requestRead(c *conn, rest []byte) {
	x.endRequest(c, rest)
	x.request.replay = true
	x.frameHeld()
	x.assign()
}

// endRequest notes that all of the request is here; rest is what came behind it. Where buffers run short none of that is kept: it would have
// to be for as long as the worker takes. The client learns from the end of its connection that nobody has looked at it (RFC 9112 section 9.3.2).
func (x *exchange) endRequest(c *conn, rest []byte) {
	if len(rest) > 0 && x.loop.buffers.Pressure() != buffer.None {
		x.upload.forgot, x.writer.keepAlive, rest = true, false, nil
	}
	x.writer.closes = x.single && x.upload.body.framing == http1.FramingNone && len(rest) == 0
	x.keepRest(rest)
	x.clientEnd().noteWhole()
	x.upload.state = uploadWhole
}

// keepRest holds what the client sent ahead, behind the end of its request, until its answer is out.
func (x *exchange) keepRest(rest []byte) {
	x.upload.seen = 0
	switch {
	case len(rest) == 0:
		x.upload.in.Release(&x.loop.buffers)
	case x.upload.in.Pending() > 0: // rest is its tail, and stays where it is: to move it for each of many requests would be quadratic
		x.upload.in.Keep(len(rest))
	default:
		x.upload.in.Add(&x.loop.buffers, rest)
	}
}

// refuseHead answers the request whose head starts b.
func (x *exchange) refuseHead(b []byte, err error) {
	var accept page.Accept
	accept.AddHead(b)
	x.format = accept.Format()
	x.glimpse(b)
	x.refuse(err)
}

// glimpse is for a head that will never be a request, and starts b: its request line, as far as it is one, decides whether the answer
// may have a body, and is logged.
func (x *exchange) glimpse(b []byte) {
	l := x.loop
	r := &l.request
	r.Glimpse(b, l.limits.Request)
	x.method, x.writer.minor = r.MethodID, r.Minor
	x.noteHead(r)
}

// refuse answers a request that the codec rejected.
func (x *exchange) refuse(err error) {
	l := x.loop
	status := outcomes[causeBadRequest].status
	var refusal *http1.Error
	if errors.As(err, &refusal) {
		status = refusal.Status
	}
	x.detachWorker(false)
	words, limit := l.limits.OfRequest(err)
	x.refusal = words
	x.logCause(causeBadRequest)
	if limit != http1.LimitNone { // the operator's to raise; strangers must not fill the log with it
		l.complain(&l.complaints.beyond[limit], sideDownstream, "request refused", words)
	}
	if x.hasBegun() {
		x.cut(status)
		return
	}
	x.respond(status, words)
}

// linger sends a FIN and throws away what still arrives, for a while: closing with unread input would reset the
// connection and could destroy the answer on its way (RFC 9112 section 9.6).
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
		b, ok := l.receive(c, buffer.ScratchBytes) // also where both sides have ended: what is unread would make a reset of the close
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

package lbproxy

import (
	"percore/lbproxy/buffer"
	"percore/lbproxy/http1"
	"percore/lbproxy/page"
	"percore/lbproxy/refusal"
)

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

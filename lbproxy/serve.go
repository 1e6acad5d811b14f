package lbproxy

import (
	"percore/lbproxy/buffer"
	"percore/lbproxy/client"
	"percore/lbproxy/http1"
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
		l.ensureExchange(c, x).keepHead(b)
	default:
		l.ensureExchange(c, x).serve(&l.request, b[n:])
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
func (x *exchange) keepHead(b []byte) {
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
		x.clientEnd().arm(l.idleTimer(timerHeader))
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

// serve is a request's way, from its whole head on; rest is what came behind that. Each step decides one thing, and
// nothing is made for a worker before it is known that a worker answers:
//
//	read → who asks → what answers → queue and worker → response → client
//
// The response comes by response.go, or by end.go for one of our own, and leaves by responsewriter.go. Hosts, limits
// and access have their place between who asks and what answers; a route to a file, a redirect or another service is a
// row of the switch.
func (x *exchange) serve(r *http1.Request, rest []byte) {
	x.takeUp(r)
	var room [localBytes]byte
	asker := x.identify(r, room[:0])
	switch to, why := x.route(r, rest); to {
	case toWorker:
		x.forward(r, &asker, rest)
	case toOptions:
		x.respondOptions(rest)
	case toRefusal:
		x.abort(why)
	}
}

// takeUp notes what a request is, and what its client can be told.
func (x *exchange) takeUp(r *http1.Request) {
	x.clientEnd().disarm()
	x.method, x.upgrade, x.single = r.MethodID, r.Upgrade, !r.KeepAlive
	x.writer.understand(r)
	x.headNanos = x.loop.nowNanos
	x.noteHead(r)
	x.upload.body.Begin(r.Framing, r.Length)
	x.upload.state = uploadBody
}

// localBytes is room for our own address, which stands for a host that was not named: IPv6, with a port.
const localBytes = 64

// identify decides who asks: the client, its scheme and its host, as far as it is to be believed. An HTTP/1.0 client
// need not name a host; then it is the address that it connected to, which is written into room.
func (x *exchange) identify(r *http1.Request, room []byte) client.Identity {
	c, host := x.clientEnd().conn(), r.Host
	if host == nil {
		host = c.appendLocal(room)
	}
	asker := client.Identify(c.peer, c.has(flagTrusted), &x.loop.trust, host, r.Fields)
	x.client, x.https = asker.Client, asker.Scheme == client.SchemeHTTPS
	return asker
}

// destination is what answers a request.
type destination uint8

const (
	toWorker  destination = iota // one of the service's workers
	toOptions                    // the front door itself, as an OPTIONS must not be forwarded any further
	toRefusal                    // a page of ours, for the cause that comes with it
)

// route decides what answers a request.
func (x *exchange) route(r *http1.Request, rest []byte) (destination, cause) {
	limit := x.service.options.ClientMaxBodySize
	switch {
	case !x.hasRoom(rest):
		return toRefusal, causeNoMemory
	case limit > 0 && r.Length > limit:
		return toRefusal, causeBodyTooLarge
	case r.MaxForwards == 0:
		return toOptions, causeNone
	default:
		return toWorker, causeNone
	}
}

// forward has a worker answer: the head is written for it, the body is collected, and as soon as enough of that is
// here a worker is chosen.
func (x *exchange) forward(r *http1.Request, asker *client.Identity, rest []byte) {
	x.upload.expects = x.asksWorker(r, rest)
	x.buildRequest(r, asker)
	if x.upload.body.Done {
		x.requestRead(rest)
		return
	}
	x.clientEnd().awaitBody()
	if len(rest) > 0 {
		x.onBody(rest)
		return
	}
	x.upload.in.Release(&x.loop.buffers)
	if r.Expect100 {
		x.onExpectation()
	}
}

// hasRoom reports whether the buffers have room for the request. Where they run short the beginning of a tunnel cannot
// be held that comes with its offer, for which no client has to wait (RFC 6455 section 4.1).
func (x *exchange) hasRoom(rest []byte) bool {
	p := x.loop.buffers.Pressure()
	if p != buffer.None && x.upgrade && len(rest) > 0 {
		return false
	}
	return p != buffer.Full || x.mayUseReserve()
}

// respondOptions answers an OPTIONS that must not be forwarded any further: the front door is its final recipient
// (RFC 9110 section 7.6.2). rest is what came behind its head. A body would have no meaning, and is not awaited.
func (x *exchange) respondOptions(rest []byte) {
	if x.upload.body.Done {
		x.endRequest(rest)
	}
	x.respondOwn(&ownResponse{status: statusNoContent, allow: allowedMethods})
}

// refuseHead answers the request whose head starts b.
func (x *exchange) refuseHead(b []byte, err error) {
	x.writer.guessFormat(b)
	x.glimpse(b)
	x.refuse(err)
}

// refuseHello answers a client that speaks TLS, and says so now and then: its user, or a proxy in front of us, is set
// up wrongly.
func (x *exchange) refuseHello() {
	x.loop.complain(&x.loop.complaints.hello, sideDownstream, "request refused", refusal.ErrClientHello.Error())
	x.refuse(refusal.ErrClientHello)
}

package lbproxy

import (
	"percore/lbproxy/buffer"
	"percore/lbproxy/http1"
)

// hasAhead reports whether bytes that were sent ahead are still to be looked at: they may be a whole head.
func (u *upload) hasAhead() bool { return u.state == uploadHead && u.seen < u.in.Pending() }

// keepRest holds what the client sent ahead, behind the end of its request, until its response is out.
func (u *upload) keepRest(p *buffer.Pool, rest []byte) {
	u.seen = 0
	switch {
	case len(rest) == 0:
		u.in.Release(p)
	case u.in.Pending() > 0: // rest is its tail, and stays: a move for each of many requests would be quadratic
		u.in.Keep(len(rest))
	default:
		u.in.Add(p, rest)
	}
}

// headReadBytes is the most that one read takes while a head is expected, and so the most that a client can send
// ahead of the response: enough for nearly every head, and for most requests with their bodies.
const headReadBytes = 20 << 10

// holdBytesMin is the least that is read at once while a body is held.
const holdBytesMin = 4 << 10

// uploadRoom is how many bytes of a request may be read now; 0 while there is no use for them.
func (x *exchange) uploadRoom() int {
	switch {
	case x.upload.state == uploadWhole:
		return 0
	case x.upload.state == uploadBody:
		return x.bodyRoom()
	case x.upload.hasAhead(): // first what is here already: it has its turn in the run queue
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
		if x.request.isBusy() {
			return 0
		}
		room := l.readRoom()
		if x.request.file == nil || x.request.held() > 0 { // else it may go past memory
			room = min(room, max(x.holdMax()-x.request.held(), holdBytesMin))
		}
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

// onBody takes bytes of a request's body: to be held while no worker is chosen, to be passed on after that.
func (x *exchange) onBody(b []byte) {
	if x.request.state == requestStopped { // its response is here, or its worker takes no more
		x.upload.body.Skip(len(b))
		return
	}
	payload, used, err := x.upload.body.Take(b)
	switch limit := x.service.options.ClientMaxBodySize; {
	case err != nil:
		x.refuse(err)
		return
	case limit > 0 && x.upload.body.Total > limit:
		x.abort(causeBodyTooLarge)
		return
	case x.clientEnd().isTooSlow():
		x.clientEnd().bodyTimedOut(causeBodyTooSlow)
		return
	}
	x.upload.expects, x.request.replay = false, false
	x.clientEnd().touchBody()
	if x.request.state == requestStreaming {
		x.streamBody(payload, b[used:])
		return
	}
	if !(holder{x}).keep(payload) {
		return
	}
	if x.upload.body.Done {
		x.requestRead(b[used:])
		return
	}
	x.upload.in.Release(&x.loop.buffers)
	holder{x}.more()
}

// streamBody passes a part of a body on to the worker; rest is what came behind the body's end.
func (x *exchange) streamBody(payload, rest []byte) {
	if x.upload.body.Done {
		x.endRequest(rest)
		x.request.state = requestSent
	}
	if x.upload.body.Framing == http1.FramingChunked {
		payload = x.loop.scratch.Chunk(payload, x.upload.body.Done)
	}
	if len(payload) > 0 {
		x.sendToWorker(payload)
	}
}

// requestRead goes on to choose a worker, now that all of the request is here.
func (x *exchange) requestRead(rest []byte) {
	x.endRequest(rest)
	holder{x}.whole()
}

// choose frames what is held of the body, and goes on to a worker.
func (x *exchange) choose() {
	if x.upload.body.Framing == http1.FramingChunked {
		x.request.frame(&x.loop.buffers, x.upload.body.Done)
	}
	x.assign()
}

// endRequest notes that all of the request is here; rest is what came behind it. Where buffers run short none of that
// is kept: it would have to be for as long as the worker takes. The client learns from the end of its connection that
// it was not looked at (RFC 9112 section 9.3.2).
func (x *exchange) endRequest(rest []byte) {
	if len(rest) > 0 && x.loop.buffers.Pressure() != buffer.None {
		x.upload.forgot, x.writer.keepAlive, rest = true, false, nil
	}
	x.writer.closes = x.single && x.upload.body.Framing == http1.FramingNone && len(rest) == 0
	x.upload.keepRest(&x.loop.buffers, rest)
	x.wholeNanos = x.loop.nowNanos
	x.clientEnd().noteWhole()
	x.upload.state = uploadWhole
}

// Expect: 100-continue (RFC 9110 section 10.1.1). Where the body is held, the front door alone can say 100.
// Where it is streamed, the worker is asked: it may refuse the body before it is sent.

// asksWorker reports whether a client that holds its body back waits for the worker's word: it will not be held whole.
func (x *exchange) asksWorker(r *http1.Request, rest []byte) bool {
	return r.Expect100 && len(rest) == 0 && r.Framing == http1.FramingLength && r.Length > int64(x.holdMax()) &&
		!holder{x}.holdsAll()
}

// onExpectation answers a client that holds its body back: finally when it would be in vain.
func (x *exchange) onExpectation() {
	switch {
	case x.service.wouldRefuse():
		x.abort(causeQueueFull)
	case x.upload.expects:
		x.request.replay = true
		x.assign()
	default:
		x.goesOn(x.writer.goAhead())
	}
}

// sendContinue has the client whose worker was asked send its body, once. It reports whether the exchange goes on.
func (x *exchange) sendContinue() bool {
	if !x.upload.expects {
		return true
	}
	x.upload.expects, x.request.replay = false, false
	x.clientEnd().awaitBody()
	return x.goesOn(x.writer.goAhead())
}

// A client has to send a body at ClientBodyMinRate, over any span of ClientBodyTimeout in which we were ready to read.
// The default is Kestrel's; the slowest mobile connections have ten times as much. Without it a byte now and then
// would hold a buffer, and perhaps a worker, for hours.

// bodyTimedOut ends an exchange whose body does not come. One whose response has begun goes on without the rest of it:
// a worker that needs that has its own time.
func (e clientEnd) bodyTimedOut(why cause) {
	if e.response.state == responseRelaying {
		e.request.state = requestStopped
		return
	}
	e.abort(why)
}

// isTooSlow reports whether a body that goes on has come at less than the least rate. It looks once in a span, so it
// costs a subtraction for each read, and no timer.
func (e clientEnd) isTooSlow() bool {
	l := e.loop
	span, elapsed := l.options.ClientBodyTimeout.Milliseconds(), l.now-e.upload.paceMillis
	if e.upload.body.Done || span <= 0 || elapsed < span {
		return false
	}
	slow := (e.upload.body.Total-e.upload.paceBytes)*1000 < l.options.ClientBodyMinRate*elapsed
	e.upload.paceMillis, e.upload.paceBytes = l.now, e.upload.body.Total
	return slow
}

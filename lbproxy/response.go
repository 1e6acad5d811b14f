package lbproxy

import (
	"percore/lbproxy/buffer"
	"percore/lbproxy/timer"
)

// keep remembers the part of a head that is here, which is the end of what was remembered before.
func (r *response) keep(p *buffer.Pool, part []byte) {
	r.seen = len(part)
	switch {
	case len(part) == 0: // only interim responses
		r.release(p)
	case len(r.head) == 0:
		r.head = p.Append(r.head, part)
	default:
		r.head = r.head[:copy(r.head, part)]
	}
}

// onResponseBytes takes bytes from a worker; b lies in the scratch.
func (x *exchange) onResponseBytes(u *conn, b []byte) {
	switch x.response.state {
	case responseAwaited:
		x.onResponseHead(u, b)
	case responseRelaying:
		x.relay(b)
	case responseTaken, responseTunnel:
	}
}

// onResponseHead parses a response's head, which may come in pieces and after interim responses.
func (x *exchange) onResponseHead(u *conn, b []byte) {
	l := x.loop
	seen := 0
	if len(x.response.head) > 0 {
		if len(x.response.head)+len(b) > cap(x.response.head) && l.buffers.Pressure() == buffer.Full {
			x.abort(causeNoMemory)
			return
		}
		x.response.head = l.buffers.Append(x.response.head, b)
		b, seen = x.response.head, x.response.seen
	}
	for {
		n, err := l.response.Parse(b, seen, l.limits.Response, x.method)
		switch {
		case err != nil:
			x.refusal = l.limits.OfResponse(err)
			x.tryFailed(causeBadResponse)
			return
		case n == 0:
			x.response.keep(&l.buffers, b)
			return
		case l.response.Status >= 200 || l.response.Status == statusSwitching:
			x.beginResponse(u, b[n:])
			return
		}
		if !x.relayInterim(b[:n]) {
			return
		}
		b, seen = b[n:], 0
	}
}

// relayInterim passes a 1xx response on to clients that know of them (RFC 9110 section 15.2). A 100 is only where the
// worker was asked for it and the client still waits. It reports whether the exchange goes on.
func (x *exchange) relayInterim(head []byte) bool {
	l := x.loop
	x.response.reusable = x.response.reusable && l.response.KeepAlive // where it announced a body
	switch {
	case l.response.Status == statusContinue:
		return x.sendContinue()
	case !x.writer.knowsInterim():
		return true
	}
	x.request.replay = false // the client has seen something of this try
	return x.goesOn(x.writer.interim(&l.response))
}

// beginResponse starts passing on the response whose head is in l.response; rest is what came behind it.
func (x *exchange) beginResponse(u *conn, rest []byte) {
	l := x.loop
	r := &l.response
	x.response.status, x.firstNanos = r.Status, l.nowNanos
	x.noteTry(r.Status)
	x.service.noteResponse(x.backend)
	x.endRepeat()
	if r.Status == statusSwitching {
		x.beginTunnel(u, rest)
		return
	}
	x.response.body.Begin(r.Framing, r.Length)
	if len(x.response.head) > 0 { // the body's place is the scratch, where its framing can be written around it
		rest = l.scratch.Place(rest)
	}
	if x.request.state != requestSent || l.isDraining() {
		x.writer.keepAlive = false
	}
	x.upload.expects = false // no 100 belongs into a final response
	x.clientEnd().forgive()  // it was not too late, and whether the client is there will show
	x.response.early = !x.request.isWithWorker()
	x.response.reusable = x.response.reusable && r.KeepAlive && !x.response.early
	u.uses++
	u.noteIdleTime(r.Fields)
	x.writer.over.max = x.service.mayHold(r)
	payload, used, err := x.response.body.Take(rest)
	if err != nil {
		x.tryFailed(causeBadResponse)
		return
	}
	x.response.state, x.request.replay = responseRelaying, false
	x.writer.keepTrailer(x.response.body.Trailer)
	if x.request.state.isOver() {
		x.request.release(&l.buffers)
	}
	if used < len(rest) {
		x.foundMore()
	}
	takes := x.writer.head(r, payload, x.response.body.Done)
	x.response.release(&l.buffers) // r lies in it
	if x.goesOn(takes) && x.response.body.Done {
		x.finishResponse()
	}
}

// relay passes on more of a response's body.
func (x *exchange) relay(b []byte) {
	payload, used, err := x.response.body.Take(b)
	if err != nil {
		x.tryFailed(causeTruncated)
		return
	}
	x.writer.keepTrailer(x.response.body.Trailer)
	if used < len(b) {
		x.foundMore()
	}
	if x.goesOn(x.writer.body(payload, x.response.body.Done)) && x.response.body.Done {
		x.finishResponse()
	}
}

// foundMore notes that something came behind a response's end. Where that had announced it, its connection was not to
// be kept anyway.
func (x *exchange) foundMore() {
	if x.response.reusable {
		x.service.pools.spokeUnasked(x.loop.conns.at(x.upstream))
	}
	x.response.reusable = false
}

// finishResponse lets the worker go, now that it has said everything, and ends the exchange once the client has it.
func (x *exchange) finishResponse() {
	x.response.state, x.saidNanos = responseTaken, x.loop.nowNanos
	x.detachWorker(x.response.reusable)
	switch {
	case x.writer.pending() == 0:
		x.finish()
	case !x.request.state.isOver():
		x.stopUpload()
	}
}

// flushToClient writes what was kept, and goes on reading the worker when there is room again.
func (x *exchange) flushToClient() {
	n, ok := x.writer.flush()
	if x.writer.over.lost {
		x.abort(causeHeldLost)
		return
	}
	if !x.goesOn(ok) || n == 0 {
		return
	}
	if x.writer.pending() == 0 {
		x.clientEnd().awaitBody()
		if x.response.state == responseTaken {
			x.finish()
			return
		}
	}
	if x.response.state == responseTunnel {
		x.tunnel().touch()
	}
	x.readWorkerOn()
}

// readWorkerOn goes on reading the worker when there is room for what it says. Its time begins anew only where it had
// to wait.
func (x *exchange) readWorkerOn() {
	l := x.loop
	if x.upstream == noSlot || !x.writer.hasRoom() {
		return
	}
	u := l.conns.at(x.upstream)
	if u.state == stateBusy && l.timers.Class(u.slot) == timer.None {
		l.timers.Set(u.slot, x.service.timer(timerRead), l.now)
	}
	l.enqueue(u)
}

// onResponseFile goes on with a response whose file has done what it was asked for.
func (l *loop) onResponseFile(x *exchange) {
	if x.writer.settle(); x.writer.over.lost {
		x.abort(causeHeldLost)
		return
	}
	x.readWorkerOn()
	x.flushToClient()
}

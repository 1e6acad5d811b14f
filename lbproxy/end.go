package lbproxy

import (
	"errors"

	"percore/lbproxy/buffer"
	"percore/lbproxy/http1"
	"percore/lbproxy/page"
)

// abort ends an exchange for good: with the status that the cause asks for when nothing of a response is out yet,
// else visibly, by closing the connection in the middle; a clean end is never made up.
func (x *exchange) abort(why cause) {
	l := x.loop
	if x.request.state == requestParked {
		x.unpark()
	}
	if x.upload.state == uploadHead && l.conns.at(x.downstream).state != stateProxy {
		x.glimpse(x.upload.in.Bytes())
	}
	if x.upstream != noSlot && (x.request.state == requestSending || x.request.unsent.Pending() > 0) {
		l.conns.at(x.upstream).resetOnClose() // a FIN would wait behind what the worker does not take
	}
	x.detachWorker(false)
	x.explain(why)
	x.logCause(why)
	o := &outcomes[why]
	if x.hasBegun() || o.status == 0 || why == causeClientClosed {
		x.cut(o.status)
		return
	}
	x.respond(o.status, x.reason(why)+x.service.whyNoneIsUp(o.status))
}

// cut ends a response in its middle, or before its beginning. The client still gets what is here of it.
func (x *exchange) cut(status int) {
	if !x.listens() || x.writer.pending() == 0 || x.response.state == responseTunnel {
		x.drop(status)
		return
	}
	x.response.state, x.writer.keepAlive = responseTaken, false
	x.stopUpload()
}

// listens reports whether the client may still be there to hear something, in spite of what ended the exchange.
func (x *exchange) listens() bool {
	return x.why != causeClientClosed && x.why != causeSendTimeout && x.why != causeReadingOwed && x.why != causeHeldLost
}

// drop closes the client's connection without another word: by a reset where the client would take a FIN for the end
// of the body. Any other may still be sending, and a close on top of that would be a reset, which could destroy what
// it has not read of its response.
func (x *exchange) drop(status int) {
	l := x.loop
	c := l.conns.at(x.downstream)
	if !x.hasBegun() {
		x.response.status = status
	}
	x.writeDown()
	reset := (x.response.state == responseRelaying || x.writer.pending() > 0) && x.writer.endsWithConnection() ||
		x.why == causeSendTimeout || x.why == causeReadingOwed // what the kernel holds for it would stay for minutes
	listens := x.listens() && !c.gone()
	l.freeExchange(x)
	switch {
	case reset:
		c.resetOnClose()
		l.closeConn(c)
	case listens:
		l.linger(c)
	default:
		l.closeConn(c)
	}
}

// allowedMethods are those that are proxied. Others are, too, but for CONNECT and TRACE.
const allowedMethods = "GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH"

// respond answers a request with a page of our own.
func (x *exchange) respond(status int, reason string) {
	var room [page.BodyBytesMax]byte
	o := ownResponse{
		status: status, isHead: x.method == http1.MethodHEAD,
		contentType: x.writer.format.ContentType(), body: page.Append(room[:0], x.writer.format, status, reason),
	}
	switch status {
	case 405:
		o.allow = allowedMethods
	case 503:
		o.retryAfter = x.service.table.RetryAfterSeconds()
	}
	x.respondOwn(&o)
}

// respondOwn answers a request. The connection is kept when the request was read whole.
func (x *exchange) respondOwn(o *ownResponse) {
	x.response.status, x.response.state = o.status, responseTaken
	x.writer.keepAlive = x.writer.keepAlive && x.upload.state == uploadWhole && !x.loop.isDraining()
	x.clientEnd().disarm()
	switch {
	case !x.goesOn(x.writer.own(o)):
	case x.writer.pending() == 0:
		x.finish()
	default:
		if x.upload.state != uploadWhole {
			x.upload.state = uploadBody // of which nothing more is read: what comes now is no request
		}
		x.stopUpload()
	}
}

// glimpse is for a head that will never be a request, and starts b: its request line, as far as it is one, decides
// whether the response may have a body, and is logged.
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
	var malformed *http1.Error
	if errors.As(err, &malformed) {
		status = malformed.Status
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

// goesOn ends the exchange of a client that takes nothing any more. It reports whether the exchange goes on.
func (x *exchange) goesOn(takes bool) bool {
	if !takes {
		x.abort(causeClientClosed)
	}
	return takes
}

// stopUpload leaves the rest of a request's body unread: the response is here, and there is no worker to take more.
func (x *exchange) stopUpload() {
	l := x.loop
	x.request.state = requestStopped
	x.request.release(&l.buffers)
	x.request.unsent.Release(&l.buffers)
	x.clientEnd().arm(timerSend) // not the body's any more
}

// finish ends an exchange whose response is out.
func (x *exchange) finish() {
	l, c := x.loop, x.clientEnd().conn()
	isComplete := x.clientEnd().isComplete()
	keep := x.writer.keepAlive && isComplete
	isCut := x.why != causeNone && x.writer.endsWithConnection() // a FIN would say that it is whole
	x.detachWorker(false)                                        // no connection may lead to the exchange any more
	x.writeDown()
	ahead := x.upload.in
	x.upload.in = buffer.Box{}
	l.freeExchange(x)
	switch {
	case isCut:
		ahead.Release(&l.buffers)
		c.resetOnClose()
		l.closeConn(c)
	case !keep:
		l.closeResponded(c, isComplete && ahead.Pending() == 0)
		ahead.Release(&l.buffers)
	case ahead.Pending() > 0:
		l.takeUpAhead(c, ahead)
	default:
		l.rest(c)
	}
}

// detachWorker ends an exchange's use of its worker: the connection goes to the pool when reuse allows, else it is
// closed, and the worker has one request less.
func (x *exchange) detachWorker(reuse bool) {
	x.releaseWorker()
	x.letGo(reuse)
}

// letGo ends an exchange's use of its worker's connection.
func (x *exchange) letGo(reuse bool) {
	l := x.loop
	if x.upstream == noSlot {
		return
	}
	u := l.conns.at(x.upstream)
	x.upstream, u.exchange = noSlot, noSlot
	if reuse && x.service.pools.mayKeep(u) {
		x.service.pools.put(u)
		return
	}
	l.closeConn(u)
}

// releaseWorker gives back the place that an exchange has at its worker.
func (x *exchange) releaseWorker() {
	t := x.backend
	if t == nil {
		return
	}
	x.backend = nil
	x.service.shared.EndRepeat(&x.wait)
	if x.response.state == responseTunnel {
		t.EndTunnel()
	} else {
		t.Release()
	}
	x.service.freed(t)
}

package lbproxy

import (
	"errors"

	"percore/lbproxy/http1"
	"percore/lbproxy/page"
	"percore/lbproxy/refusal"
)

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

// respondOptions answers an OPTIONS that must not be forwarded any further: the front door is its final recipient
// (RFC 9110 section 7.6.2). rest is what came behind its head. A body would have no meaning, and is not awaited.
func (x *exchange) respondOptions(rest []byte) {
	if x.upload.body.done {
		x.endRequest(rest)
	}
	x.respondOwn(&ownResponse{status: statusNoContent, allow: allowedMethods})
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

// refuseHead answers the request whose head starts b.
func (x *exchange) refuseHead(b []byte, err error) {
	x.writer.guessFormat(b)
	x.glimpse(b)
	x.refuse(err)
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

// refuseHello answers a client that speaks TLS, and says so now and then: its user, or a proxy in front of us, is set
// up wrongly.
func (x *exchange) refuseHello() {
	x.loop.complain(&x.loop.complaints.hello, sideDownstream, "request refused", refusal.ErrClientHello.Error())
	x.refuse(refusal.ErrClientHello)
}

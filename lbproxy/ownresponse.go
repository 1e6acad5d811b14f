package lbproxy

import (
	"percore/lbproxy/http1"
	"percore/lbproxy/page"
)

// allowedMethods are those that are proxied. Others are, too, but for CONNECT and TRACE.
const allowedMethods = "GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH"

// respond answers a request with a page of our own.
func (x *exchange) respond(status int, reason string) {
	var room [page.BodyBytesMax]byte
	o := ownResponse{
		status: status, contentType: x.format.ContentType(), body: page.Append(room[:0], x.format, status, reason),
		isHead: x.method == http1.MethodHEAD,
	}
	switch status {
	case 405:
		o.allow = allowedMethods
	case 503:
		o.retryAfter = x.loop.table.RetryAfterSeconds()
	}
	x.respondOwn(&o)
}

// respondOptions answers an OPTIONS that must not be forwarded any further: the front door is its final recipient
// (RFC 9110 section 7.6.2). rest is what came behind its head. A body would have no meaning, and is not awaited.
func (x *exchange) respondOptions(c *conn, rest []byte) {
	if x.upload.body.done {
		x.endRequest(c, rest)
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

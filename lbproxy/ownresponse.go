package lbproxy

import (
	"strconv"

	"percore/lbproxy/http1"
	"percore/lbproxy/page"
)

// answer writes the front door's own answer to a request with this head, which says in which format. The connection is kept when
// the request was read whole.
func (x *exchange) respond(head []byte, status int, reason string) {
	l := x.loop
	c := l.conns.at(x.downstream)
	x.status = status
	x.writer.keepAlive = x.writer.keepAlive && x.upload == uploadWhole && !l.isDraining()
	var accept page.Accept
	accept.AddHead(head)
	format := accept.Format()
	var room [page.BodyBytesMax]byte
	body := page.Append(room[:0], format, status, reason)
	b := l.appendErrorHead(l.out[:0], status, format)
	b = appendPersistence(b, x)
	b = append(b, "Content-Length: "...)
	b = strconv.AppendInt(b, int64(len(body)), 10)
	b = append(b, "\r\n\r\n"...)
	if x.method != http1.MethodHEAD {
		b = append(b, body...)
		x.writer.bodyBytes = int64(len(body))
	}
	l.out = b
	x.sendOwn(c)
}

// respondOptions answers an OPTIONS that must not be forwarded any further: the front door is its final recipient
// (RFC 9110 section 7.6.2). rest is what came behind its head. A body would have no meaning, and is not awaited.
func (x *exchange) respondOptions(c *conn, rest []byte) {
	l := x.loop
	if x.body.done {
		x.endRequest(c, rest)
	}
	x.status = statusNoContent
	x.writer.keepAlive = x.writer.keepAlive && x.upload == uploadWhole && !l.isDraining()
	b := append(l.out[:0], "HTTP/1.1 204 No Content\r\nDate: "...)
	b = append(b, l.clock.httpDate()...)
	b = append(append(b, crlf...), allowField...)
	l.out = append(appendPersistence(b, x), crlf...)
	x.sendOwn(c)
}

// allowField names the methods that are proxied. Others are, too, but for CONNECT and TRACE.
const allowField = "Allow: GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH\r\n"

// sendOwn sends an answer of the front door's own, which is in l.out.
func (x *exchange) sendOwn(c *conn) {
	x.loop.timers.Clear(c.slot)
	x.response = responseTaken
	switch {
	case !x.sendToClient(x.loop.out):
	case x.writer.unsent.Pending() == 0:
		x.finish()
	default:
		if x.upload != uploadWhole {
			x.upload = uploadBody // of which nothing more is read: what comes now is no request
		}
		x.stopUpload()
	}
}

// appendErrorHead writes what all of our answers with a status and format have in common.
func (l *loop) appendErrorHead(b []byte, status int, format page.Format) []byte {
	b = append(b, "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(status), 10)
	b = append(b, ' ')
	b = append(b, page.Reason(status)...)
	b = append(b, "\r\nDate: "...)
	b = append(b, l.clock.httpDate()...)
	b = append(b, "\r\nContent-Type: "...)
	b = append(b, format.ContentType()...)
	b = append(b, crlf...)
	switch status {
	case 405:
		b = append(b, allowField...)
	case 503:
		b = append(b, "Retry-After: "...)
		b = strconv.AppendInt(b, l.table.RetryAfterSeconds(), 10)
		b = append(b, crlf...)
	}
	return b
}

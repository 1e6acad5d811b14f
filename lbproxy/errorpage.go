package lbproxy

import (
	"strconv"

	"percore/lbproxy/http1"
)

// statusText are the reason phrases of the statuses that the front door itself answers with; RFC 9110 section 15.
var statusText = map[int]string{
	400: "Bad Request", 405: "Method Not Allowed", 408: "Request Timeout", 413: "Content Too Large", 414: "URI Too Long",
	417: "Expectation Failed", 431: "Request Header Fields Too Large", 500: "Internal Server Error", 501: "Not Implemented",
	502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout", 505: "HTTP Version Not Supported",
}

// retryAfterSeconds is what a 503 suggests: by then a worker that died is usually back.
const retryAfterSeconds = "1"

// answer writes the front door's own answer to a request. The connection is kept when the request was read whole.
func (l *loop) answer(x *exchange, status int, reason string) {
	c := l.conns.at(x.downstream)
	x.status = status
	x.keepAlive = x.keepAlive && c.state == stateWait && !l.draining
	b := append(l.out[:0], "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(status), 10)
	b = append(b, ' ')
	b = append(b, statusText[status]...)
	b = append(b, "\r\nDate: "...)
	b = append(b, l.clock.httpDate()...)
	b = append(b, "\r\nContent-Type: text/plain; charset=utf-8\r\n"...)
	switch status {
	case 405:
		b = append(b, "Allow: GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH\r\n"...)
	case 503:
		b = append(b, "Retry-After: "+retryAfterSeconds+"\r\n"...)
	}
	b = appendPersistence(b, x)
	b = append(b, "Content-Length: "...)
	size := len("000 ") + len(statusText[status]) + len(": ") + len(reason) + len("\n")
	b = strconv.AppendInt(b, int64(size), 10)
	b = append(b, "\r\n\r\n"...)
	if x.method != http1.MethodHEAD {
		b = strconv.AppendInt(b, int64(status), 10)
		b = append(b, ' ')
		b = append(b, statusText[status]...)
		b = append(b, ": "...)
		b = append(b, reason...)
		b = append(b, '\n')
		x.bytesOut = int64(size)
	}
	l.out = b
	l.timers.Clear(c.slot)
	x.committed, x.response = true, responseTaken
	switch {
	case !l.sendToClient(x, b):
	case x.toClient.pending() == 0:
		l.finish(x)
	default:
		l.stopUpload(x)
	}
}

// sendContinue tells a client that asked for it to send its body (RFC 9110 section 10.1.1).
func (l *loop) sendContinue(x *exchange) { l.sendToClient(x, continueAnswer) }

var continueAnswer = []byte("HTTP/1.1 100 Continue\r\n\r\n")

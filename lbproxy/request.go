package lbproxy

import (
	"strconv"

	"percore/lbproxy/buffer"
	"percore/lbproxy/client"
	"percore/lbproxy/http1"
)

const (
	// requestExtraBytes is room for what a regenerated request has beyond the client's: the identity fields with
	// an IPv6 address thrice, and framing.
	requestExtraBytes = 512
	// framingGapBytes is the room left in front of a held body whose length is not known yet.
	framingGapBytes = 64
)

// buildRequest writes the head for the worker. A body whose length is known only at its end leaves a gap for it.
func (x *exchange) buildRequest(r *http1.Request, asker *client.Identity) {
	l := x.loop
	h := requestHead{
		Request: r, asker: asker, via: l.options.Via, startMillis: l.clock.millis,
		expects: x.upload.expects, trailers: x.writer.trailers,
	}
	b := h.appendTo(l.buffers.Get(h.size()))
	x.request.b, x.request.start, x.request.bodyAt = b, 0, len(b)
}

// requestHead is what the head of a worker's request is made of: the client's, parsed strictly, is generated anew, so
// that nothing about framing or identity is forwarded as the client spelled it.
type requestHead struct {
	*http1.Request
	asker       *client.Identity
	via         string // what we call ourselves; empty is not to say it
	startMillis int64  // when the head was complete, since the Unix epoch
	expects     bool   // the worker is asked whether the body is to come
	trailers    bool   // the client takes trailers
}

// size is room enough for the head.
func (h *requestHead) size() int {
	n := len(h.Method) + len(h.Origin) + len(h.asker.Authority) + len(h.asker.Host) + len(h.via) + requestExtraBytes
	for i := range h.Fields {
		n += len(h.Fields[i].Name) + len(h.Fields[i].Value) + len(": \r\n")
	}
	return n
}

// appendTo writes the head, or all of it but the framing that is not known yet.
func (h *requestHead) appendTo(b []byte) []byte {
	b = append(append(b, h.Method...), ' ')
	b = append(h.AppendOrigin(b), " HTTP/1.1\r\n"...)
	b = http1.AppendLine(b, "Host", h.asker.Authority)
	b = h.appendFields(b)
	if h.via != "" {
		b = append(append(b, "Via: 1."...), '0'+h.Minor, ' ')
		b = append(append(b, h.via...), crlf...)
	}
	if h.expects {
		b = append(b, "Expect: 100-continue\r\n"...)
	}
	if h.trailers { // without a word in Connection, where Tornado understands nothing but close
		b = append(b, "TE: trailers\r\n"...)
	}
	b = h.asker.AppendTo(b, h.Fields)
	if !h.asker.Trusted || client.LastOf(h.Fields, http1.FieldXRequestStart) == nil {
		b = appendRequestStart(b, h.startMillis)
	}
	if h.Upgrade {
		b = http1.AppendUpgrade(b, h.Fields)
	}
	return h.appendFraming(b)
}

// appendFields writes the client's fields that pass.
func (h *requestHead) appendFields(b []byte) []byte {
	for i := range h.Fields {
		if f := &h.Fields[i]; f.ID == http1.FieldMaxForwards && h.MaxForwards > 0 {
			b = http1.AppendNumber(b, "Max-Forwards", int64(h.MaxForwards-1)) // RFC 9110 section 7.6.2
		} else if client.Passes(f, h.asker.Trusted) {
			b = http1.AppendField(b, f)
		}
	}
	return b
}

// appendFraming ends the head, or leaves the gap.
func (h *requestHead) appendFraming(b []byte) []byte {
	switch h.Framing {
	case http1.FramingLength:
		b = http1.AppendNumber(b, "Content-Length", h.Length)
	case http1.FramingChunked:
		return append(b, framingGap...)
	case http1.FramingNone, http1.FramingClose:
	}
	return append(b, crlf...)
}

// appendRequestStart writes the field from which an application learns how long a request has waited before it: when
// its head was complete, in the form that Heroku's router and nginx's $msec made usual.
func appendRequestStart(b []byte, millis int64) []byte {
	b = append(b, "X-Request-Start: t="...)
	return append(strconv.AppendInt(b, millis, 10), crlf...)
}

// framingGap is overwritten by frame.
const framingGap = "                                                                " // framingGapBytes spaces

// frame puts the framing of a body without a length in front of what is held of it: its length when all of it is
// here, else a first chunk. The head moves up to it, so that both stay one run of bytes.
func (q *request) frame(p *buffer.Pool, isWhole bool) {
	var room [framingGapBytes]byte
	framing := room[:0]
	if held := q.held(); isWhole {
		framing = append(http1.AppendNumber(framing, "Content-Length", int64(held+q.inFile())), crlf...)
	} else {
		framing = append(framing, "Transfer-Encoding: chunked\r\n\r\n"...)
		if held > 0 { // a chunk of no bytes would end the body
			framing = http1.AppendChunkHead(framing, held)
			q.b = p.Append(q.b, crlf)
		}
	}
	headEnd := q.bodyAt - framingGapBytes
	q.start = framingGapBytes - len(framing)
	copy(q.b[q.start:], q.b[:headEnd])
	copy(q.b[q.bodyAt-len(framing):], framing)
}

// held is how many bytes of the body are held in memory.
func (q *request) held() int { return len(q.b) - q.bodyAt }

// inFile is how many bytes of the body the file has.
func (q *request) inFile() int {
	if q.file == nil {
		return 0
	}
	return int(q.file.Size())
}

// size is how many bytes are held for a worker, head and body.
func (q *request) size() int { return len(q.b) - q.start + q.inFile() }

// isBusy reports whether a part of the body is on its way to the file.
func (q *request) isBusy() bool { return q.file != nil && q.file.Busy() }

// isWithWorker reports whether the worker's connection carries the whole request, to its end.
func (q *request) isWithWorker() bool { return q.state == requestSent && q.unsent.Pending() == 0 }

// release gives back the head and the held body, which no other worker will need.
func (q *request) release(p *buffer.Pool) {
	p.Put(q.b)
	q.b, q.start, q.bodyAt = nil, 0, 0
	if q.file != nil {
		q.file.Close()
		q.file = nil
	}
}

var crlf = []byte("\r\n")

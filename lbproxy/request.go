package lbproxy

import (
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

// request is a client's request as a worker gets it.
type request struct {
	state  requestState
	b      []byte     // the head, then as much of the body as is held
	start  int        // where the head starts in b; see frameHeld
	bodyAt int        // where the held body starts in b
	sent   int        // how many bytes, from start on, this worker has
	replay bool       // b is the whole request and no byte of a response has been passed on
	unsent buffer.Box // what the worker's socket has not taken of what came behind that
}

// buildRequest writes the head for the worker from r: parsed strictly, then generated anew, so that nothing about
// framing or identity is forwarded as the client spelled it. A body whose length is known only at its end leaves a gap.
func (x *exchange) buildRequest(c *conn, r *http1.Request) {
	l := x.loop
	b := l.buffers.Get(len(r.Method) + len(r.Origin) + fieldBytes(r.Fields) + 2*len(r.Host) + len(l.options.Via) + requestExtraBytes)
	b = append(b, r.Method...)
	b = append(b, ' ')
	b = r.AppendOrigin(b)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	host := len(b)
	b = appendHost(b, c, r)
	hostEnd := len(b)
	b = append(b, "\r\n"...)
	trusted := c.has(flagTrusted)
	for i := range r.Fields {
		if f := &r.Fields[i]; f.ID == http1.FieldMaxForwards && r.MaxForwards > 0 {
			b = http1.AppendNumber(b, "Max-Forwards", int64(r.MaxForwards-1)) // RFC 9110 section 7.6.2
		} else if client.Passes(f, trusted) {
			b = http1.AppendField(b, f.Name, f.Value)
		}
	}
	if via := l.options.Via; via != "" {
		b = append(append(b, "Via: 1."...), '0'+r.Minor, ' ')
		b = append(append(b, via...), crlf...)
	}
	if x.upload.expects {
		b = append(b, "Expect: 100-continue\r\n"...)
	}
	if x.writer.trailers { // without a word in Connection, where Tornado understands nothing but close
		b = append(b, "TE: trailers\r\n"...)
	}
	id := client.Identify(c.peer, trusted, &l.trust, b[host:hostEnd], r.Fields)
	x.client = id.Client
	x.https = id.Scheme == client.SchemeHTTPS
	b = id.AppendTo(b, r.Fields)
	if !trusted || client.LastOf(r.Fields, http1.FieldXRequestStart) == nil {
		b = l.clock.appendRequestStart(b)
	}
	if r.Upgrade {
		b = http1.AppendUpgrade(b, r.Fields)
	}
	switch r.Framing {
	case http1.FramingLength:
		b = append(http1.AppendNumber(b, "Content-Length", r.Length), crlf...)
	case http1.FramingNone, http1.FramingClose:
		b = append(b, "\r\n"...)
	case http1.FramingChunked:
		b = append(b, framingGap...)
	}
	x.request.b, x.request.start, x.request.bodyAt = b, 0, len(b)
}

// framingGap is overwritten by frameHeld.
const framingGap = "                                                                " // framingGapBytes spaces

func fieldBytes(fields []http1.Field) int {
	n := 0
	for i := range fields {
		n += len(fields[i].Name) + len(fields[i].Value) + len(": \r\n")
	}
	return n
}

// appendHost writes the host that the client asked for, its port included. An HTTP/1.0 client need not say; HTTP/1.1
// workers insist, so they get the address that the client connected to.
func appendHost(b []byte, c *conn, r *http1.Request) []byte {
	if r.Host != nil {
		return append(b, r.Host...)
	}
	return c.appendLocal(b)
}

// frameHeld puts the framing of a chunked request in front of its held body: its length when all is here, else a
// first chunk. The head moves up to it, so that both stay one run of bytes.
func (x *exchange) frameHeld() {
	if x.upload.body.framing != http1.FramingChunked {
		return
	}
	held := len(x.request.b) - x.request.bodyAt
	framing := x.loop.out[:0]
	if x.upload.body.done {
		framing = append(http1.AppendNumber(framing, "Content-Length", int64(held)), crlf...)
	} else {
		framing = append(framing, "Transfer-Encoding: chunked\r\n\r\n"...)
		if held > 0 { // a chunk of no bytes would end the body
			framing = http1.AppendChunkHead(framing, held)
			x.request.b = x.loop.buffers.Append(x.request.b, crlf)
		}
	}
	headEnd := x.request.bodyAt - framingGapBytes
	x.request.start = framingGapBytes - len(framing)
	copy(x.request.b[x.request.start:], x.request.b[:headEnd])
	copy(x.request.b[x.request.bodyAt-len(framing):], framing)
}

var crlf = []byte("\r\n")

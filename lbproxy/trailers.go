package lbproxy

import (
	"bytes"

	"percore/lbproxy/http1"
)

// keepTrailers copies what the last read brought of an answer's trailer section, for a client that asked for it (RFC 9110
// section 6.5): the chunks are framed anew on top of where it lies.
func (x *exchange) keepTrailers() {
	if x.writer.trailers && x.isChunked() && len(x.reply.trailer) > 0 {
		x.writer.trailer = x.loop.buffers.Append(x.writer.trailer, x.reply.trailer)
	}
}

// sendTrailers ends an answer's body with those of its trailers that may pass. It reports whether the exchange goes on.
func (x *exchange) sendTrailers() bool {
	l := x.loop
	b := append(l.out[:0], "0\r\n"...)
	for rest := x.writer.trailer; len(rest) > 0; {
		var line []byte
		line, rest, _ = bytes.Cut(rest, crlf)
		if name, _, ok := bytes.Cut(line, []byte(":")); ok && mayTrail(name) {
			b = append(append(b, line...), crlf...)
		}
	}
	l.out = append(b, crlf...)
	l.buffers.Put(x.writer.trailer)
	x.writer.trailer = nil
	return x.sendToClient(l.out)
}

// mayTrail tells whether a field means no more behind a body than before it: nothing about framing, routing, authorization,
// caching or the body's format (RFC 9110 section 6.5.1). All of the fields that we know by name are of that kind.
func mayTrail(name []byte) bool {
	if http1.LookupField(name) != http1.FieldOther || isForwarded(name) {
		return false
	}
	for _, family := range []string{"content-", "set-cookie", "cookie", "www-authenticate", "cache-control", "expires", "age", "vary", "pragma", "range", "if-", "max-forwards"} {
		if len(name) >= len(family) && http1.EqualFold(name[:len(family)], family) {
			return false
		}
	}
	return true
}

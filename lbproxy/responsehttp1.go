package lbproxy

import (
	"bytes"

	"percore/lbproxy/client"
	"percore/lbproxy/http1"
	"percore/lbproxy/page"
)

// This file is how HTTP/1 spells what responseWriter says (RFC 9112). Another protocol has none of it: neither chunks
// nor persistence.

// frame decides how the client learns where the body ends, from how the worker says it. HTTP/1.0 has no chunks.
func (w *responseWriter) frame(f http1.Framing) {
	w.framing = f
	if f != http1.FramingChunked && f != http1.FramingClose {
		return
	}
	w.framing = http1.FramingChunked
	if w.minor == 0 {
		w.framing, w.keepAlive = http1.FramingClose, false
	}
}

// appendInterim appends a 1xx response.
func appendInterim(b []byte, r *http1.Response) []byte {
	b = http1.AppendStatusLine(b, r.Status, r.Reason)
	b, _ = appendFields(b, r.Fields, false)
	return append(b, crlf...)
}

// appendSwitch appends a 101, with what it switches to.
func appendSwitch(b []byte, r *http1.Response) []byte {
	b = http1.AppendStatusLine(b, r.Status, r.Reason)
	b, _ = appendFields(b, r.Fields, false)
	b = http1.AppendUpgrade(b, r.Fields)
	return append(b, crlf...)
}

// appendHead appends the head of a worker's final response.
func (w *responseWriter) appendHead(b []byte, r *http1.Response) []byte {
	b = http1.AppendStatusLine(b, r.Status, r.Reason)
	b, isDated := appendFields(b, r.Fields, w.trailers)
	b = w.appendAdded(b, isDated)
	if r.HasLength && r.Status != statusNoContent && !w.isChunked() {
		b = http1.AppendNumber(b, "Content-Length", r.Length)
	}
	return w.appendHeadEnd(b)
}

// appendOwn appends the head of a response of the front door's own.
func (w *responseWriter) appendOwn(b []byte, o *ownResponse) []byte {
	b = http1.AppendStatusLine(b, o.status, page.Reason(o.status))
	b = w.appendAdded(b, false)
	if o.contentType != "" {
		b = http1.AppendLine(b, "Content-Type", o.contentType)
	}
	if o.allow != "" {
		b = http1.AppendLine(b, "Allow", o.allow)
	}
	if o.retryAfter > 0 {
		b = http1.AppendNumber(b, "Retry-After", o.retryAfter)
	}
	if o.contentType != "" {
		b = http1.AppendNumber(b, "Content-Length", int64(len(o.body)))
	}
	return w.appendHeadEnd(b)
}

// frameBody makes a chunk of payload where the body comes in chunks; last ends the body, unless trailers do.
func (w *responseWriter) frameBody(payload []byte, last bool) []byte {
	if !w.isChunked() {
		return payload
	}
	return w.loop.scratch.Chunk(payload, last && len(w.trailer) == 0)
}

// endBody sends the trailers behind the last part of a body that has some, and with them the end of its chunks.
func (w *responseWriter) endBody(last bool) bool {
	if !last || len(w.trailer) == 0 {
		return true
	}
	w.loop.out = appendTrailers(w.loop.out[:0], w.trailer)
	w.loop.buffers.Put(w.trailer)
	w.trailer = nil
	return w.send(w.loop.out, true)
}

// appendFields appends those of a worker's fields that are the client's concern. Connection and length are our own.
func appendFields(b []byte, fields []http1.Field, trailers bool) (head []byte, isDated bool) {
	for i := range fields {
		f := &fields[i]
		if f.Hop && !(trailers && f.ID == http1.FieldTrailer) || f.ID == http1.FieldContentLength {
			continue
		}
		isDated = isDated || f.ID == http1.FieldDate
		b = http1.AppendField(b, f)
	}
	return b, isDated
}

// appendHeadEnd appends the framing of a body of unknown length, what becomes of the connection where that is not the
// default of the client's version (RFC 9112 section 9.3), and the empty line.
func (w *responseWriter) appendHeadEnd(b []byte) []byte {
	if w.isChunked() {
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	}
	switch {
	case !w.keepAlive:
		b = append(b, "Connection: close\r\n"...)
	case w.minor == 0:
		b = append(b, "Connection: keep-alive\r\n"...)
	}
	return append(b, crlf...)
}

var continueResponse = []byte("HTTP/1.1 100 Continue\r\n\r\n")

// knowsInterim reports whether the client knows of 1xx responses; HTTP/1.0 does not.
func (w *responseWriter) knowsInterim() bool { return w.minor > 0 }

// appendTrailers ends a chunked body with those of its trailers that may pass.
func appendTrailers(b, trailer []byte) []byte {
	b = append(b, "0\r\n"...)
	for rest := trailer; len(rest) > 0; {
		var line []byte
		line, rest, _ = bytes.Cut(rest, crlf)
		if name, _, ok := bytes.Cut(line, []byte(":")); ok && mayTrail(name) {
			b = append(append(b, line...), crlf...)
		}
	}
	return append(b, crlf...)
}

// mayTrail reports whether a field means no more behind a body than before it: nothing about framing, routing,
// authorization, caching or the body's format (RFC 9110 section 6.5.1). All of the fields that we know by name are of
// that kind.
func mayTrail(name []byte) bool {
	if http1.LookupField(name) != http1.FieldOther || client.IsForwarded(name) {
		return false
	}
	for _, family := range []string{
		"content-", "set-cookie", "cookie", "www-authenticate", "cache-control", "expires", "age", "vary", "pragma",
		"range", "if-", "max-forwards",
	} {
		if len(name) >= len(family) && http1.EqualFold(name[:len(family)], family) {
			return false
		}
	}
	return true
}

// A probe is something that the client gets in any case: the first byte of every response, or a zero in front of the
// size of a chunk, which may have as many as it likes (RFC 9112 section 7.1).
var (
	probeHead  = []byte("H")
	probeChunk = []byte("0")
)

// probe sends the next byte of the response, when nothing waits before it: a closed socket answers with a reset.
// inBody is whether that is one of the body, which then has to be chunked.
func (w *responseWriter) probe(inBody bool) (ok bool) {
	if w.probed || w.pending() > 0 {
		return true
	}
	probe := probeHead
	if inBody {
		probe = probeChunk
	}
	n, ok := w.loop.send(w.loop.conns.at(w.client), probe)
	w.probed = n > 0
	return ok
}

// behindProbe is what is left of the next bytes for a client that was probed.
func behindProbe(p []byte) []byte { return bytes.TrimPrefix(p, probeHead) }

package lbproxy

import (
	"time"

	"percore/lbproxy/buffer"
	"percore/lbproxy/http1"
	"percore/lbproxy/page"
)

// responseWriter is the door to the client of an exchange: all that a client is told leaves here. The calls come in
// this order, and each reports whether the client still takes something; when it does not, the exchange ends:
//
//	interim or goAhead, any number of times
//	head with the first part of the body, body as often as there is more, the last of them saying so
//	or own, for a response of the front door's own
//	or switchProtocols, behind which bytes pass unread
//
// It decides which fields leave, which are added, how the body is framed and what becomes of the connection.
// responsehttp1.go has how HTTP/1 spells that. What the client's socket does not take is kept until flush.
type responseWriter struct {
	loop      *loop
	exchange  int32         // its id
	client    int32         // slot of the client's connection
	minor     uint8         // of the client's HTTP version
	format    page.Format   // of our own pages
	keepAlive bool          // the connection is kept afterwards
	closes    bool          // the client wants no more than this response, and has nothing left to say: endRequest knows
	trailers  bool          // the client takes trailers
	framing   http1.Framing // of the body
	probed    bool          // the client has the beginning that the rest of the response has in any case; leave.go
	trailer   []byte        // of the response, as far as it is here
	unsent    buffer.Box    // what the client's socket has not taken
	over      overflow      // what is behind that
	bodyBytes int64         // of the body, without framing
}

// ResponseOptions are the settings of what a client is told.
type ResponseOptions struct {
	SendTimeout time.Duration // between two writes to a client
}

// understand notes what the client of a request can be told, and in which form.
func (w *responseWriter) understand(r *http1.Request) {
	w.minor, w.keepAlive = r.Minor, r.KeepAlive && !w.loop.isDraining()
	var first *http1.Field
	accepts := 0
	for i := range r.Fields {
		switch f := &r.Fields[i]; {
		case f.ID == http1.FieldAccept && !f.Hop:
			if accepts++; accepts == 1 {
				first = f
			}
		case f.ID == http1.FieldTE && r.Minor > 0 && http1.HasToken(f.Value, "trailers"):
			w.trailers = true
		}
	}
	switch accepts {
	case 0:
	case 1:
		w.format = w.loop.accepted.Format(first.Value)
	default:
		w.format = formatOf(r.Fields)
	}
}

// formatOf is the format that several Accept fields ask for together.
func formatOf(fields []http1.Field) page.Format {
	var accept page.Accept
	for i := range fields {
		if f := &fields[i]; f.ID == http1.FieldAccept && !f.Hop {
			accept.Add(f.Value)
		}
	}
	return accept.Format()
}

// guessFormat looks for what the client accepts in b, which begins with a head that is refused.
func (w *responseWriter) guessFormat(b []byte) {
	var accept page.Accept
	accept.AddHead(b)
	w.format = accept.Format()
}

// isChunked reports whether the client gets the body in chunks.
func (w *responseWriter) isChunked() bool { return w.framing == http1.FramingChunked }

// endsWithConnection reports whether the client knows the body's end by the end of the connection alone.
func (w *responseWriter) endsWithConnection() bool { return w.framing == http1.FramingClose }

// pending is how many bytes the client's socket has not taken yet.
func (w *responseWriter) pending() int { return w.unsent.Pending() + w.over.pending() }

// hasRoom reports whether more of the body may come: memory has room, or a file may be used.
func (w *responseWriter) hasRoom() bool {
	return w.pending() <= w.loop.pendingMax() || w.over.hasRoom()
}

// interim passes on a 1xx response (RFC 9110 section 15.2), to a client that knows of them.
func (w *responseWriter) interim(r *http1.Response) bool {
	w.loop.out = appendInterim(w.loop.out[:0], r)
	return w.send(w.loop.out, false)
}

// goAhead tells a client that waits for it to send its body.
func (w *responseWriter) goAhead() bool { return w.send(continueResponse, false) }

// head sends the head of a final response by one write with the first part of the body, which may be empty.
func (w *responseWriter) head(r *http1.Response, payload []byte, last bool) bool {
	w.frame(r.Framing)
	w.loop.out = w.appendHead(w.loop.out[:0], r)
	w.bodyBytes += int64(len(payload))
	return w.send(w.loop.scratch.Join(w.loop.out, w.frameBody(payload, last)), last) && w.endBody(last)
}

// appendAdded appends the fields that every final response gets from us.
func (w *responseWriter) appendAdded(b []byte, isDated bool) []byte {
	if !isDated { // RFC 9110 section 6.6.1
		b = http1.AppendLine(b, "Date", w.loop.clock.httpDate())
	}
	return b
}

// body sends a part of the body, which lies in the scratch; last is whether the body ends with it.
func (w *responseWriter) body(payload []byte, last bool) bool {
	w.bodyBytes += int64(len(payload))
	payload = w.frameBody(payload, last)
	return (len(payload) == 0 || w.send(payload, last)) && w.endBody(last)
}

// keepTrailer copies a part of the response's trailer section, for a client that asked for it (RFC 9110 section 6.5):
// the chunks are framed anew on top of where it lies. It comes before the part of the body that it was read with.
func (w *responseWriter) keepTrailer(part []byte) {
	if w.trailers && len(part) > 0 {
		w.trailer = w.loop.buffers.Append(w.trailer, part)
	}
}

// ownResponse is a response of the front door's own.
type ownResponse struct {
	status      int
	allow       string // methods, where the request's is not among them
	retryAfter  int64  // seconds; 0 is not to say
	contentType string // empty where there is no body
	body        []byte
	isHead      bool // the request's method is HEAD: the body does not leave, but its length is told
}

// own sends a response of the front door's own.
func (w *responseWriter) own(o *ownResponse) bool {
	w.frame(http1.FramingLength)
	b := w.appendOwn(w.loop.out[:0], o)
	if !o.isHead {
		b = append(b, o.body...)
		w.bodyBytes = int64(len(o.body))
	}
	w.loop.out = b
	return w.send(b, false)
}

// switchProtocols passes on a 101, and the first bytes of what comes behind it (RFC 9110 section 15.2.2).
func (w *responseWriter) switchProtocols(r *http1.Response, first []byte) bool {
	w.keepAlive = false
	w.loop.out = append(appendSwitch(w.loop.out[:0], r), first...)
	w.bodyBytes = int64(len(first))
	return w.send(w.loop.out, false)
}

// send writes p, and keeps what the client's socket does not take. The last bytes of a response leave with the
// connection's end where that follows at once: a close on top of unread input would reset the connection, so a client
// whose next bytes are only on their way does not count.
func (w *responseWriter) send(p []byte, last bool) bool {
	l := w.loop
	c := l.conns.at(w.client)
	if w.probed {
		w.probed, p = false, behindProbe(p)
	}
	if w.pending() > 0 {
		w.keep(p)
		return true
	}
	write := (*loop).send
	if last && w.closes && !c.readable() {
		write = (*loop).sendLast
	}
	n, ok := write(l, c, p)
	switch {
	case !ok:
		return false
	case n < len(p):
		w.keep(p[n:])
		l.timers.Set(c.slot, timerSend, l.now)
		l.watch(c)
	case l.timers.Class(c.slot) == timerFinished:
		l.timers.Set(c.slot, timerFinished, l.now) // a client that is gone answers this with a reset
	}
	return true
}

// flush writes what was kept, and says how much of it went.
func (w *responseWriter) flush() (n int, ok bool) {
	l := w.loop
	c := l.conns.at(w.client)
	for goesOn := true; goesOn && w.pending() > 0; {
		m := 0
		if w.unsent.Pending() > 0 {
			m, ok = w.flushMemory(c)
			goesOn = w.unsent.Pending() == 0
		} else {
			m, ok = w.flushFile(c)
			goesOn = w.unsent.Pending() > 0
		}
		if n += m; !ok {
			return n, false
		}
	}
	if n > 0 && w.pending() > 0 {
		l.timers.Set(c.slot, timerSend, l.now)
	}
	return n, true
}

// flushMemory writes what is in memory.
func (w *responseWriter) flushMemory(c *conn) (n int, ok bool) {
	n, ok = w.loop.send(c, w.unsent.Bytes())
	if w.unsent.Take(n); w.unsent.Pending() == 0 {
		w.unsent.Release(&w.loop.buffers)
	}
	return n, ok
}

// release gives back what the writer holds.
func (w *responseWriter) release() {
	w.loop.buffers.Put(w.trailer)
	w.trailer = nil
	w.unsent.Release(&w.loop.buffers)
	w.over.release(&w.loop.buffers)
}

const (
	statusContinue    = 100
	statusSwitching   = 101
	statusNoContent   = 204
	statusNotModified = 304
)

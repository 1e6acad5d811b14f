package lbproxy

import (
	"percore/lbproxy/buffer"
	"percore/lbproxy/http1"
	"percore/lbproxy/spool"
)

// overflow is what a client's socket has not taken of a response, and memory is not for. It is younger than what the
// writer has in memory.
type overflow struct {
	file   *spool.File // nil until something went there
	max    int64       // bytes that it may hold; 0 is not to hold any
	sent   int64       // bytes of it that the socket has taken
	total  int64       // bytes that were held in it so far
	lost   bool        // it cannot be read
	inHand int         // bytes on their way to it
	behind buffer.Box  // what came behind those, or what it could not take
}

// pending is how many bytes it has.
func (o *overflow) pending() int {
	n := o.inHand + o.behind.Pending()
	if o.file != nil {
		n += int(o.file.Size() - o.sent)
	}
	return n
}

// isBusy reports whether the file is written or read just now.
func (o *overflow) isBusy() bool { return o.file != nil && o.file.Busy() }

// hasRoom reports whether another read of a response may come.
func (o *overflow) hasRoom() bool {
	return o.max > 0 && !o.isBusy() && o.behind.Pending() == 0 &&
		(o.file == nil || o.file.Size()+buffer.ScratchBytes <= o.max)
}

// release gives back all that it has.
func (o *overflow) release(p *buffer.Pool) {
	o.behind.Release(p)
	if o.file != nil {
		o.file.Close()
		o.file = nil
	}
}

// mayHold is how much of a response may be held in a file for a slow client: nothing of what is to be there at once.
func (s *service) mayHold(r *http1.Response) int64 {
	holds := s.options.ProxyBuffering
	for i := range r.Fields {
		switch f := &r.Fields[i]; f.ID {
		case http1.FieldXAccelBuffering:
			if http1.EqualFold(f.Value, "no") {
				return 0
			}
			holds = holds || http1.EqualFold(f.Value, "yes")
		case http1.FieldContentType:
			if isEventStream(f.Value) {
				return 0
			}
		default:
		}
	}
	if !holds {
		return 0
	}
	return s.loop.options.ProxyMaxTempFileSize
}

// isEventStream reports whether a Content-Type is that of server-sent events (HTML, section 9.2).
func isEventStream(value []byte) bool {
	const name = "text/event-stream"
	return len(value) >= len(name) && http1.EqualFold(value[:len(name)], name)
}

// keep keeps what the client's socket does not take: in memory, or in the file once that is too much, in order.
func (w *responseWriter) keep(p []byte) {
	o, l := &w.over, w.loop
	switch isEmpty := o.pending() == 0; {
	case isEmpty && w.unsent.Pending()+len(p) <= l.pendingMax(), isEmpty && o.max == 0:
		w.unsent.Add(&l.buffers, p)
	case o.isBusy() || o.behind.Pending() > 0 || !w.spill(p):
		o.behind.Add(&l.buffers, p)
	}
}

// inMemory is how many of the bytes that wait are in memory.
func (w *responseWriter) inMemory() int { return w.unsent.Pending() + w.over.behind.Pending() }

// spill appends p to the file, and reports whether that takes it.
func (w *responseWriter) spill(p []byte) bool {
	o, x := &w.over, w.loop.exchanges.all[w.exchange]
	if o.max == 0 {
		return false
	}
	if o.file == nil {
		o.file = newFile(x)
	}
	if o.file.Size()+int64(len(p)) > o.max {
		return false
	}
	if !o.file.Admit(int64(len(p))) {
		if !o.file.Await() {
			w.loop.complain(&w.loop.complaints.unheld, sideInternal, "responses are not held", o.file.Refusal())
		}
		return false
	}
	o.inHand = len(p)
	if o.file.Write(p) {
		w.settle()
	}
	return true
}

// settle takes up what a write or read of the file came to, and gives it what came meanwhile. Where a write failed
// nothing more is held: the worker waits for the client from here on.
func (w *responseWriter) settle() {
	o, l := &w.over, w.loop
	failed, err := o.file.Settle()
	taken := o.inHand
	o.inHand = 0
	switch {
	case err != nil && taken == 0:
		o.lost = true
		return
	case err != nil:
		l.complain(&l.complaints.unheld, sideInternal, "responses are not held", err.Error())
		o.max = 0
		younger := o.behind
		o.behind = buffer.Box{}
		o.behind.Add(&l.buffers, failed)
		o.behind.Add(&l.buffers, younger.Bytes())
		younger.Release(&l.buffers)
		return
	}
	if o.total == 0 && taken > 0 {
		l.proxy.held.responses.Add(1)
	}
	o.total += int64(taken)
	younger := o.behind
	o.behind = buffer.Box{}
	if younger.Pending() > 0 && !w.spill(younger.Bytes()) {
		o.behind = younger
		return
	}
	younger.Release(&l.buffers)
}

// flushFile writes what is in the file, and what is behind it once all of that is gone.
func (w *responseWriter) flushFile(c *conn) (n int, ok bool) {
	o, l := &w.over, w.loop
	for range fileSendsPerTurn {
		if left := o.file.Size() - o.sent; left > 0 {
			m, ok, lost := l.sendFile(c, o.file, o.sent)
			if o.lost = lost; !ok || m == 0 {
				return n, ok
			}
			o.sent += int64(m)
			n += m
			continue
		}
		if o.isBusy() {
			return n, true
		}
		o.file.Reset()
		o.sent = 0
		w.unsent, o.behind = o.behind, buffer.Box{}
		return n, true
	}
	l.enqueue(c)
	return n, true
}

package lbproxy

import (
	"net/netip"

	"percore/lbproxy/buffer"
	"percore/lbproxy/http1"
	"percore/lbproxy/spool"
)

// A body for which memory is not the place is held in a file (package spool): one that a client sends, so that no
// worker waits for it and every worker learns its length; one that a client takes slowly, so that its worker is let
// go. Nothing is held in a file that is taken as it comes.

// spillBytes is how much a read of a body has to bring to go to the file by itself: less is collected in memory first,
// so that a client that drips does not cost a call for each drop.
const spillBytes = 32 << 10

// newFile is a file for an exchange's bodies, which counts against the share of its client.
func newFile(x *exchange) *spool.File {
	l, id := x.loop, x.id
	var f *spool.File
	settle := func(l *loop) { l.onFile(id, f) }
	f = l.proxy.store.NewFile(netip.AddrFrom16(x.client.Address()), func(*spool.File) { l.post(settle) })
	return f
}

// onFile goes on with what waited for a file's disk, unless its exchange has ended meanwhile.
func (l *loop) onFile(exchange int32, f *spool.File) {
	x := l.exchanges.all[exchange]
	defer l.rescue(l.conns.at(x.downstream).ref())
	defer l.retime(exchange)
	switch f {
	case x.request.file:
		holder{x}.onFile()
	case x.writer.over.file:
		l.onResponseFile(x)
	}
}

// holder is the part of an exchange that holds the request's body until a worker is chosen.
type holder struct{ *exchange }

// holdsAll reports whether all of a request's body is to be held, however long it is.
func (h holder) holdsAll() bool {
	return h.request.file != nil || h.service.options.ProxyRequestBuffering // which may change in between
}

// keep keeps a part of a body until a worker is chosen. It reports whether the exchange goes on.
func (h holder) keep(part []byte) bool {
	l, q := h.loop, &h.request
	if q.held() == 0 && h.goesToFile(part) {
		return h.spill(part)
	}
	if len(q.b)+len(part) > cap(q.b) && l.buffers.Pressure() == buffer.Full {
		h.abort(causeNoMemory)
		return false
	}
	q.b = l.buffers.Append(q.b, part)
	return true
}

// goesToFile reports whether a part of a body goes to the file by itself: where it is large, and where buffers run
// short any part, also the first one if it is not the last.
func (h holder) goesToFile(part []byte) bool {
	q, isShort := &h.request, h.loop.buffers.Pressure() != buffer.None
	switch {
	case q.stuck || len(part) == 0:
		return false
	case q.file == nil:
		return isShort && !h.upload.body.Done && h.holdsAll()
	default:
		return isShort || len(part) >= spillBytes
	}
}

// more goes on when another part of a body is held and more is to come: what is too much for memory goes to the
// file, or to a worker where it cannot. It reports whether more is to be held.
func (h holder) more() bool {
	q := &h.request
	if !q.isBusy() && !q.stuck && h.holdsAll() && q.held() > 0 && q.held() >= h.holdMax() && !h.spillHeld() {
		return false
	}
	if q.stuck || !h.holdsAll() && q.held() >= h.holdMax() {
		h.choose()
		return false
	}
	return !q.isBusy()
}

// whole goes on to choose a worker once all of a body is held.
func (h holder) whole() {
	q := &h.request
	if q.file != nil && !q.isBusy() && !q.stuck && q.held() > 0 && !h.spillHeld() {
		return
	}
	if q.isBusy() {
		return
	}
	q.replay = true
	h.choose()
}

// spillHeld moves what memory has of a body to the file. It reports whether the exchange goes on.
func (h holder) spillHeld() bool {
	q := &h.request
	held := q.b[q.bodyAt:]
	q.b = q.b[:q.bodyAt]
	if !h.spill(held) {
		return false
	}
	q.b = h.loop.buffers.Fit(q.b)
	return true
}

// spill appends a part of a body to the request's file, or leaves it in memory where the file takes no more. It
// reports whether the exchange goes on.
func (h holder) spill(part []byte) bool {
	q := &h.request
	if q.file == nil {
		q.file = newFile(h.exchange)
	}
	if !q.file.Admit(int64(len(part))) {
		q.b = h.loop.buffers.Append(q.b, part)
		return q.file.Await() || h.cannotHold(q.file.Refusal())
	}
	return !q.file.Write(part) || h.settle()
}

// noteHeld notes how much of the body is in the file.
func (h holder) noteHeld() {
	if h.heldBytes == 0 && h.request.inFile() > 0 {
		h.loop.proxy.held.requests.Add(1)
	}
	h.heldBytes = int64(h.request.inFile())
}

// relieve moves what memory has of a body to the file, as buffers run short. It reports whether there was something to
// move; its exchange may have ended. Its client owes from now on: it is not the next to go, as it holds next to nothing.
func (h holder) relieve() bool {
	q := &h.request
	if q.state != requestHeld || h.upload.state != uploadBody || q.held() == 0 || q.isBusy() || q.stuck || !h.holdsAll() {
		return false
	}
	switch {
	case !h.spillHeld():
	case q.stuck:
		h.choose()
	case !q.isBusy():
		h.clientEnd().awaitBody()
	}
	return true
}

// settle takes up what a write of the request's file came to. It reports whether the exchange goes on.
func (h holder) settle() bool {
	q := &h.request
	failed, err := q.file.Settle()
	if err == nil {
		h.noteHeld()
		return true
	}
	q.b = h.loop.buffers.Append(q.b, failed)
	return h.cannotHold(err.Error())
}

// cannotHold is for a body of which no more can be held. One whose length is known passes through from here on; any
// other would come to the worker in chunks, of which many an application makes an empty body.
func (h holder) cannotHold(why string) (goesOn bool) {
	l := h.loop
	h.request.stuck = true
	l.complain(&l.complaints.unheld, sideInternal, "request bodies are not held", why)
	if !h.upload.body.Done && h.upload.body.Framing == http1.FramingChunked {
		h.abort(causeNoTemp)
		return false
	}
	return true
}

// onFile goes on with a request whose file has done what it was asked for.
func (h holder) onFile() {
	switch q := &h.request; {
	case q.state != requestHeld: // a part was read from the disk
		if _, err := q.file.Settle(); err != nil {
			h.abort(causeHeldLost)
		} else if q.state == requestSending {
			h.pushRequest()
		}
	case !h.settle():
	case h.upload.body.Done:
		h.whole()
	case h.more():
		h.clientEnd().awaitBody()
		h.clientEnd().readOn()
	}
}

package lbproxy

import (
	"time"

	"percore/lbproxy/buffer"
	"percore/lbproxy/timer"
)

// What there is of places for clients and of buffers can be used up by clients that wait: with the rest of a head or a
// body, or with reading their responses. This file says which go then, so that those that keep others waiting longest
// keep none out. Tunnels are exempt, as silence is what they are for, and so are clients that wait for a worker.

const (
	// unservedMillis is how long a client that owes something is safe from making room: what it owes follows within a
	// round trip or two, so a client that takes longer while others wait is slow, or wants to be.
	unservedMillis = 250
	// unreadFullMillis is the same for the reading of a response while the buffers are full, and others would be
	// refused.
	unreadFullMillis = unservedMillis / 2
	// idleSpareMillis is how long an idle connection is spared while there is another: one in use is idle for less.
	idleSpareMillis = 1_000
	// slowBytesPerSecond is what a client has to have sent of a body, or taken of a response, since it began, not to
	// count as one that drips: a byte now and then makes the last pause short.
	slowBytesPerSecond = 8 << 10
	// shedPeeksMax bounds the search for a connection whose next bytes are not here yet, and slowLooksMax that for
	// one that drips.
	shedPeeksMax = 8
	slowLooksMax = 32
	// shedsPerTurn bounds how many go for the sake of buffers before one connection has its turn.
	shedsPerTurn = 8
	// unsentBytesShort is how much of a response the kernel takes for a client that comes while half of what there is
	// is used. Without a bound it takes up to tcp_wmem's 4 MB from a client that reads nothing: all of that is work
	// done for it, and it owes nothing that shows here.
	unsentBytesShort = 16 << 10
)

// room is the room that a loop has for clients: their connections, and the buffers that these hold.
type room struct {
	loop       *loop
	clients    int // connections that are open
	clientsMax int // that there may be, by the settings; options.go
	upstreams  int // connections to workers, those in the pools among them: as many as there may be clients
}

// mayAccept reports whether another client may come: there is room for it, or another can go. While the front door
// stops every client in the queue is still taken in.
func (r *room) mayAccept() bool {
	if r.loop.isDraining() || r.clients < r.clientsMax {
		return true
	}
	_, ok := r.dispensable()
	return ok
}

// isShort reports whether half of the places, or of the buffers' budget, is used.
func (r *room) isShort() bool {
	return r.clients >= r.clientsMax/2 || r.loop.buffers.Pressure() != buffer.None
}

// shed closes the client that is dispensable, and reports whether there was one.
func (r *room) shed() bool {
	slot, ok := r.dispensable()
	if ok {
		r.dismiss(r.loop.conns.at(slot))
	}
	return ok
}

// shedUnserved is shed for the middle of a request, which must not be the one that goes.
func (r *room) shedUnserved() bool {
	slot, ok := r.longest(timerKeepalive, 0, false)
	if !ok {
		slot, ok = r.debtor(false, timerHeader, timerProxy)
	}
	if ok {
		r.dismiss(r.loop.conns.at(slot))
	}
	return ok
}

// dispensable is the client that goes when there is no place for another: one that is idle, as it has to be ready for
// that in any case (RFC 9112 section 9.5), or has its last response; else the one that has owed something longest;
// else one that drips.
func (r *room) dispensable() (slot int32, ok bool) {
	if slot, ok = r.longest(timerKeepalive, idleSpareMillis, false); ok {
		return slot, true
	}
	if slot, ok = r.longest(timerLinger, unservedMillis, false); ok {
		return slot, true
	}
	if slot, ok = r.debtor(false, timerHeader, timerProxy, timerBody, timerSend); ok {
		return slot, true
	}
	if slot, ok = r.longest(timerKeepalive, 0, false); ok {
		return slot, true
	}
	if slot, ok = r.loop.timers.Oldest(timerLinger); ok { // its client sends and sends
		return slot, true
	}
	return r.slowest()
}

// longest is the client whose timer of a class was set longest ago, for so many milliseconds at least; holding is to
// pass over those that hold no buffer. One whose next bytes are here, and not yet read, does not go: it would be
// reset.
func (r *room) longest(class timer.Class, millis int64, holding bool) (slot int32, ok bool) {
	l := r.loop
	peeks, looks := 0, 0
	slot, ok = l.timers.Oldest(class)
	for ; ok && peeks < shedPeeksMax && looks < slowLooksMax; slot, ok = l.timers.Following(slot) {
		looks++
		if l.timers.Age(slot, l.now) < millis {
			break
		}
		c := l.conns.at(slot)
		if holding && !holdsBuffers(l.exchangeOf(c)) {
			continue
		}
		if peeks++; class == timerSend || class == timerLinger || l.peek(c) != nextBytes {
			return slot, true
		}
	}
	return noSlot, false
}

// debtor is the client that has owed longest what the classes stand for, for unservedMillis at least.
func (r *room) debtor(holding bool, classes ...timer.Class) (debtor int32, found bool) {
	l := r.loop
	debtor = noSlot
	for _, class := range classes {
		slot, ok := r.longest(class, unservedMillis, holding)
		if ok && (!found || l.timers.Age(slot, l.now) > l.timers.Age(debtor, l.now)) {
			debtor, found = slot, true
		}
	}
	return debtor, found
}

// slowest is the client that drips most, of those that have been silent longest: that a byte was late is forgotten
// with the next.
func (r *room) slowest() (slowest int32, found bool) {
	l := r.loop
	slowest = noSlot
	lowest := int64(slowBytesPerSecond)
	for _, class := range [...]timer.Class{timerBody, timerSend} {
		looks := 0
		for slot, ok := l.timers.Oldest(class); ok && looks < slowLooksMax; slot, ok = l.timers.Following(slot) {
			looks++
			if rate := l.exchangeOf(l.conns.at(slot)).rate(class); rate < lowest {
				slowest, lowest, found = slot, rate, true
			}
		}
	}
	return slowest, found
}

// rate is how many bytes a second a client has sent of its body, or taken of its response, since that began.
func (x *exchange) rate(class timer.Class) int64 {
	since, bytes := x.headNanos, x.upload.body.Total
	if class == timerSend {
		since, bytes = max(x.headNanos, x.firstNanos), x.writer.bodyBytes-int64(x.writer.pending())
	}
	millis := (x.loop.nowNanos - since) / int64(time.Millisecond)
	if millis < unservedMillis {
		return slowBytesPerSecond // not known yet
	}
	return bytes * 1000 / millis
}

// dismiss ends a client for the sake of others.
func (r *room) dismiss(c *conn) {
	l := r.loop
	class := l.timers.Class(c.slot)
	if class == timerKeepalive || class == timerLinger {
		l.closeConn(c)
		return
	}
	l.complain(&l.complaints.shed, sideDownstream, "clients closed",
		"they owed a request, the rest of one, or the reading of a response, and others had no place")
	switch class {
	case timerBody:
		r.endAtOnce(c, causeBodyOwed)
	case timerSend:
		r.endAtOnce(c, causeReadingOwed)
	default:
		l.closeUnserved(c)
	}
}

// endAtOnce ends an exchange and its client's connection at once: one that lingers has its place still.
func (r *room) endAtOnce(c *conn, why cause) {
	l := r.loop
	generation := c.generation
	l.exchangeOf(c).abort(why)
	if c.generation != generation {
		return
	}
	if x := l.exchangeOf(c); x != nil {
		x.drop(x.response.status)
	}
	if c.generation == generation {
		l.closeConn(c)
	}
}

// trim lets clients go that owe something, and hold buffers, until there is room for others. No bytes are being
// looked at.
func (r *room) trim() {
	l := r.loop
	for range shedsPerTurn {
		if !l.buffers.IsCramped() {
			return
		}
		slot, ok := r.debtor(true, timerHeader, timerProxy, timerBody, timerSend)
		if !ok {
			slot, ok = r.slowest()
		}
		if !ok && l.buffers.Pressure() == buffer.Full {
			slot, ok = r.longest(timerSend, unreadFullMillis, true)
		}
		if !ok {
			return
		}
		if x := l.exchangeOf(l.conns.at(slot)); x != nil && (holder{x}).relieve() {
			l.retime(x.id)
			continue
		}
		r.dismiss(l.conns.at(slot))
	}
}

// holdsBuffers reports whether memory would be free if an exchange ended: what is in a file does not count.
func holdsBuffers(x *exchange) bool {
	return x != nil && (len(x.request.b) > 0 || len(x.response.head) > 0 ||
		x.upload.in.Pending()+x.request.unsent.Pending()+x.writer.inMemory() > 0)
}

// mayUseReserve reports whether a request may go beyond the budget: it has no body, and is with a worker at once.
func (x *exchange) mayUseReserve() bool {
	l := x.loop
	return x.upload.body.Done && l.buffers.HasReserve() && x.service.hasFree()
}

// How much one read may bring, by how much of the buffers' budget is used. A read is the unit by which an exchange can
// overshoot, so it shrinks as the rest does.
const (
	leanReadBytes = 16 << 10
	fullReadBytes = 4 << 10
)

// readRoom is the most that one read of a body or a response takes now.
func (l *loop) readRoom() int {
	switch l.buffers.Pressure() {
	case buffer.Lean:
		if l.buffers.IsTight() {
			return fullReadBytes
		}
		return leanReadBytes
	case buffer.Full:
		return fullReadBytes
	default:
		return buffer.ScratchBytes
	}
}

// pendingMax is how much of a response may wait for a slow client while its worker is read on.
func (l *loop) pendingMax() int {
	if l.buffers.Pressure() != buffer.None {
		return 0
	}
	return pendingBytesMax
}

// holdMax is how much of a request's body is held before a worker is chosen: under pressure no more than fits beside
// its head. A worker's connection would cost as much, and a client that sends no more would occupy it. Where a file
// holds the rest it is no more than fits into the smallest buffer.
func (x *exchange) holdMax() int {
	l := x.loop
	if l.buffers.Pressure() != buffer.None {
		size := cap(x.request.b)
		if (holder{x}).holdsAll() {
			size = min(size, buffer.SizeFor(0))
		}
		return max(0, min(l.options.ClientBodyBufferSize, size-x.request.bodyAt-len(crlf)))
	}
	return l.options.ClientBodyBufferSize
}

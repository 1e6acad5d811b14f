package lbproxy

import "percore/lbproxy/balance"

// assign chooses a worker for a request and starts sending, or parks the request when there is none to choose.
func (x *exchange) assign() {
	s := x.service
	x.wait.Client = x.client.Address()
	if s.shared.Waiting() == 0 { // none is overtaken
		if t := s.balancer.Choose(s.table, &x.wait, x.loop.steady()); t != nil {
			x.sendTo(t, x.stale == nil)
			return
		}
	}
	x.park()
}

// sendTo gives a request to worker t, where it has a place, over a kept connection when pooled allows and one is
// there.
func (x *exchange) sendTo(t *balance.Backend, pooled bool) {
	x.backend, x.last = t, t
	x.wait.Tries++
	x.request.sent, x.response.reusable = 0, true
	if t.Count() {
		x.loop.proxy.changed()
	}
	if pooled {
		if u := x.service.pools.take(t, x.reuseOf(t)); u != nil {
			x.attach(u)
			u.state = stateBusy
			x.pushRequest()
			return
		}
	}
	x.startConnect(t)
}

// attach pairs an exchange with a worker's connection.
func (x *exchange) attach(u *conn) {
	u.exchange, x.upstream = x.id, u.slot
	x.reused = u.has(flagReused)
	x.request.state = requestSending
}

// startConnect opens a connection to t. On loopback it is usually there when connect returns, whatever connect
// says, so the request is written at once.
func (x *exchange) startConnect(t *balance.Backend) {
	l := x.loop
	u, failure := l.dial(t.Destination)
	if failure != causeNone {
		x.tryFailed(failure)
		return
	}
	u.service, u.endpoint, u.incarnation = uint16(x.service.id), uint16(t.Index), t.Incarnation
	u.state, u.born = stateConnecting, l.steady()
	x.attach(u)
	x.connectNanos, x.connectedNanos = l.nowNanos, 0
	l.timers.Set(u.slot, x.service.timer(timerConnect), l.now)
	x.pushRequest()
}

// pushRequest writes what the worker does not have yet of the held part of a request.
func (x *exchange) pushRequest() {
	l := x.loop
	u := l.conns.at(x.upstream)
	n, ok, lost := x.sendHeld(u)
	if n > 0 {
		x.noteSent(u, n)
	}
	switch isSent := x.request.sent == x.request.size(); {
	case lost:
		x.abort(causeHeldLost)
		return
	case !ok:
		x.writeFailed(u)
		return
	case !isSent && u.state == stateBusy:
		l.timers.Set(u.slot, timerWorkerSend, l.now)
		return
	case !isSent: // still connecting; writability makes an event
		return
	}
	l.timers.Set(u.slot, x.service.timer(timerRead), l.now)
	if !x.request.replay || !x.method.Idempotent() {
		x.request.release(&l.buffers)
	}
	if x.upload.state != uploadBody {
		x.request.state = requestSent
		return
	}
	x.request.state = requestStreaming
	x.clientEnd().awaitBody()
	x.clientEnd().readOn()
}

// noteSent notes that a worker's socket has taken a part of the request, which is then with it.
func (x *exchange) noteSent(u *conn, n int) {
	x.request.sent += n
	u.asked = x.loop.turn
	if u.state == stateConnecting {
		u.state, x.connectedNanos = stateBusy, x.loop.nowNanos
	}
}

// sendHeld writes what a worker does not have yet of the held part of a request: the head, the file, and what memory
// has of the body, in this order. n counts also where it fails in the end; lost says that the file cannot be read.
func (x *exchange) sendHeld(u *conn) (n int, ok, lost bool) {
	l, q := x.loop, &x.request
	if q.file == nil {
		n, ok = l.send(u, q.b[q.start+q.sent:])
		return n, ok, false
	}
	head, file := q.bodyAt-q.start, int(q.file.Size())
	for range fileSendsPerTurn {
		m := 0
		switch at := q.sent + n; {
		case at < head:
			m, ok = l.send(u, q.b[q.start+at:q.bodyAt])
		case at < head+file:
			m, ok, lost = l.sendFile(u, q.file, int64(at-head))
		default:
			m, ok = l.send(u, q.b[q.start+at-file:])
		}
		n += m
		if !ok || m == 0 || q.sent+n == q.size() {
			return n, ok, lost
		}
	}
	l.enqueue(u)
	return n, true, false
}

// sendToWorker passes a part of a streamed body on. What the worker's socket does not take is kept, and the client
// is not read until it is gone.
func (x *exchange) sendToWorker(p []byte) {
	l := x.loop
	u := l.conns.at(x.upstream)
	n, ok := l.send(u, p)
	if !ok {
		x.writeFailed(u)
		return
	}
	l.timers.Set(u.slot, x.service.timer(timerRead), l.now)
	if n < len(p) {
		x.request.unsent.Add(&l.buffers, p[n:])
		l.timers.Set(u.slot, timerWorkerSend, l.now)
	}
}

// flushToWorker writes what was kept, and goes on reading the client when all of it is gone.
func (x *exchange) flushToWorker(u *conn) {
	l := x.loop
	n, ok := l.send(u, x.request.unsent.Bytes())
	if !ok {
		x.writeFailed(u)
		return
	}
	if n == 0 {
		return
	}
	x.request.unsent.Take(n)
	if x.request.unsent.Pending() > 0 {
		l.timers.Set(u.slot, timerWorkerSend, l.now)
		return
	}
	l.timers.Set(u.slot, x.service.timer(timerRead), l.now)
	x.request.unsent.Release(&l.buffers)
	if x.upload.state == uploadBody {
		x.clientEnd().awaitBody()
		x.clientEnd().readOn()
	}
}

// writeFailed reads what a worker that takes no more may have answered before it closed (RFC 9112 section 9.5): a
// refusal of an upload is a response like any other. The read ends the try when there is nothing.
func (x *exchange) writeFailed(u *conn) {
	l := x.loop
	switch {
	case u.state == stateConnecting:
		x.tryFailed(causeConnectRefused)
		return
	case u.has(flagReused): // what it may have said is no response
		x.service.pools.ended(u)
		x.tryFailed(causeStale)
		return
	}
	x.request.unsent.Release(&l.buffers)
	x.request.state = requestStopped
	u.readAgain()
	l.enqueue(u)
}

// isUnasked reports whether an event of a kept connection tells of something that cannot be the response, as it was
// there before the last byte of the request was sent: that byte was sent behind the wait for events that has reported
// it, or is still to be sent.
func (x *exchange) isUnasked(u *conn) bool {
	return u.has(flagReused) && x.response.state == responseAwaited &&
		(u.asked == x.loop.turn || x.request.state == requestSending)
}

// dropUnasked ends a try over a kept connection on which something came before all of the request was sent: bytes
// that belong to an earlier response, or the connection's end.
func (x *exchange) dropUnasked(u *conn) {
	l := x.loop
	if l.peek(u) == nextBytes {
		x.service.pools.spokeUnasked(u)
		x.tryFailed(causeUnasked)
		return
	}
	x.service.pools.ended(u)
	x.tryFailed(causeStale)
}

// tryFailed ends one try of an exchange and decides, by the table of outcomes, whether there is another
// (RFC 9110 section 9.2.2: a proxy never repeats by itself what is not safe to repeat).
func (x *exchange) tryFailed(why cause) {
	l := x.loop
	t, untouched := x.backend, x.request.sent == 0
	x.letGo(false)
	x.logTry(t, why)
	x.failure = why
	x.wait.NoteRefusal(why == causeConnectRefused, l.nowNanos)
	if t != nil && x.response.state == responseAwaited {
		x.service.noteFailure(t, why)
	}
	if t == nil || x.hasBegun() {
		x.abort(why)
		return
	}
	if outcomes[why].retry != balance.NoRetry && x.clientEnd().hasLeft() {
		x.abort(causeClientClosed)
		return
	}
	x.wait.Repeat = x.wait.Repeat || !untouched
	verdict, suspicious := balance.Decide(balance.Try{
		Rule: outcomes[why].retry, Untouched: untouched, Repeatable: x.request.replay && x.method.Idempotent(),
		Others: x.service.options.NextUpstream, UsedSame: x.stale != nil, KeptHere: x.stale == t,
		Up:    x.service.table.IsUp(t.Index, t.Incarnation),
		Known: x.deaths.IsKnown(t), Suspect: x.deaths.IsSuspect(x.service.table),
	})
	if suspicious {
		x.deaths.Suspect(t)
	}
	x.obey(verdict, t)
}

// obey does with a request that t has failed what was decided.
func (x *exchange) obey(verdict balance.Verdict, t *balance.Backend) {
	switch verdict {
	case balance.Abort:
		x.abort(x.failure)
	case balance.AbortClosed:
		x.abort(causeStale)
	case balance.Same: // it keeps its place meanwhile; as it is no more load, it is none of the repeats that are counted
		x.stale = t
		x.sendTo(t, false)
	case balance.Other:
		x.tryOther(t)
	case balance.Anew:
		x.stale = t
		x.releaseWorker()
		x.assign()
	}
}

// tryOther gives a request that t has failed to another worker, while there is time for that.
func (x *exchange) tryOther(t *balance.Backend) {
	if x.failure == causeConnectTimeout {
		x.refusedNanos += x.loop.nowNanos - x.connectNanos
	}
	if x.isOverdue() {
		x.abort(x.failure)
		return
	}
	x.wait.NoteTried(t)
	x.releaseWorker()
	x.assign()
}

// readTimedOut handles a worker that took or sent nothing for too long, unless the exchange waited for the client.
func (l *loop) readTimedOut(u *conn) {
	x := l.exchangeOf(u)
	if x.request.state == requestStreaming && x.request.unsent.Pending() == 0 && x.response.state == responseAwaited {
		l.timers.Set(u.slot, x.service.timer(timerRead), l.now)
		return
	}
	x.tryFailed(causeReadTimeout)
}

package lbproxy

import (
	"percore/lbproxy/balance"
	"percore/lbproxy/http1"
)

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

// sendTo gives a request to worker t, where it has a place, over a kept connection when pooled allows and one is there.
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
	n, ok := l.send(u, x.request.rest())
	if !ok {
		x.writeFailed(u)
		return
	}
	if n == 0 { // also while connecting; writability makes an event
		if u.state == stateBusy {
			l.timers.Set(u.slot, timerWorkerSend, l.now)
		}
		return
	}
	x.request.sent += n
	u.asked = l.turn
	if u.state == stateConnecting {
		x.connectedNanos = l.nowNanos
	}
	u.state = stateBusy
	l.timers.Set(u.slot, x.service.timer(timerRead), l.now)
	if x.request.start+x.request.sent < len(x.request.b) {
		l.timers.Set(u.slot, timerWorkerSend, l.now)
		return
	}
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

// writeFailed reads what a worker that takes no more may have answered before it closed (RFC 9112 section 9.5): a
// refusal of an upload is an answer like any other. The read ends the try when there is nothing.
func (x *exchange) writeFailed(u *conn) {
	l := x.loop
	switch {
	case u.state == stateConnecting:
		x.tryFailed(causeConnectRefused)
		return
	case u.has(flagReused): // what it may have said is no answer
		x.service.pools.ended(u)
		x.tryFailed(causeStale)
		return
	}
	x.request.unsent.Release(&l.buffers)
	x.request.state = requestStopped
	u.readAgain()
	l.enqueue(u)
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

// driveUpstream lets a worker's connection do what it can.
func (l *loop) driveUpstream(u *conn, writable, news bool) {
	switch u.state {
	case statePooled:
		if u.stirs() {
			l.services[u.service].pools.spoke(u)
		}
	case stateConnecting:
		if u.gone() {
			l.exchangeOf(u).tryFailed(causeConnectRefused)
		} else if writable {
			l.exchangeOf(u).pushRequest()
		}
	case stateBusy:
		l.driveBusy(u, writable, news)
	case stateTunnel:
		l.exchangeOf(u).tunnel().driveWorker(u, writable)
	case stateNone, stateIdle, stateOpen, stateProxy, stateLinger: // downstream only
	}
}

func (l *loop) driveBusy(u *conn, writable, news bool) {
	generation := u.generation
	x := l.exchangeOf(u)
	if news && x.isUnasked(u) {
		x.dropUnasked(u)
		return
	}
	if writable {
		x.onWorkerWritable(u)
	}
	if u.generation == generation && u.state == stateBusy {
		l.readUpstream(u)
	}
}

// onWorkerWritable writes what a worker does not have yet of what is here of its request.
func (x *exchange) onWorkerWritable(u *conn) {
	if x.request.state == requestSending {
		x.pushRequest()
	} else if x.request.unsent.Pending() > 0 {
		x.flushToWorker(u)
	}
}

// readUpstream reads a worker's answer for as long as the client keeps up.
func (l *loop) readUpstream(u *conn) {
	generation := u.generation
	for range readsPerTurn {
		x := l.exchangeOf(u)
		if !u.readable() {
			return
		}
		if x.writer.pending() > l.pendingMax() {
			l.timers.Clear(u.slot) // not the worker's fault
			return
		}
		b, ok := l.receive(u, l.readRoom())
		if !ok {
			return
		}
		if len(b) == 0 {
			x.onWorkerClosed(u)
			return
		}
		l.timers.Set(u.slot, x.service.timer(timerRead), l.now)
		x.onResponseBytes(u, b)
		if u.generation != generation || u.state != stateBusy {
			return
		}
	}
	l.enqueue(u)
}

// onWorkerClosed handles the end of a worker's stream.
func (x *exchange) onWorkerClosed(u *conn) {
	switch {
	case x.response.state == responseRelaying && x.response.body.framing == http1.FramingClose && (!u.failed() || x.isRefusal()):
		x.response.body.done = true
		x.finishResponse()
	case x.hasBegun():
		x.tryFailed(causeTruncated)
	case len(x.response.head) > 0:
		x.tryFailed(causeBadResponse)
	case u.has(flagReused):
		x.service.pools.ended(u)
		x.tryFailed(causeStale)
	default:
		x.tryFailed(causeDied)
	}
}

// detachWorker ends an exchange's use of its worker: the connection goes to the pool when reuse allows, else it is
// closed, and the worker has one request less.
func (x *exchange) detachWorker(reuse bool) {
	x.releaseWorker()
	x.letGo(reuse)
}

// letGo ends an exchange's use of its worker's connection.
func (x *exchange) letGo(reuse bool) {
	l := x.loop
	if x.upstream == noSlot {
		return
	}
	u := l.conns.at(x.upstream)
	x.upstream, u.exchange = noSlot, noSlot
	if reuse && x.service.pools.mayKeep(u) {
		x.service.pools.put(u)
		return
	}
	l.closeConn(u)
}

// releaseWorker gives back the place that an exchange has at its worker.
func (x *exchange) releaseWorker() {
	t := x.backend
	if t == nil {
		return
	}
	x.backend = nil
	x.service.shared.EndRepeat(&x.wait)
	if x.response.state == responseTunnel {
		t.EndTunnel()
	} else {
		t.Release()
	}
	x.service.freed(t)
}

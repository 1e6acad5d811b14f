package lbproxy

import "percore/lbproxy/http1"

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

// readUpstream reads a worker's response for as long as the client keeps up.
func (l *loop) readUpstream(u *conn) {
	generation := u.generation
	for range readsPerTurn {
		x := l.exchangeOf(u)
		if !u.readable() {
			return
		}
		if !x.writer.hasRoom() {
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
	case x.response.state == responseRelaying && x.response.body.Framing == http1.FramingClose &&
		(!u.failed() || x.isRefusal()):
		x.response.body.Closed()
		if x.goesOn(x.writer.body(nil, true)) {
			x.finishResponse()
		}
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

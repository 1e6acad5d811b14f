package lbproxy

// parkedQueue is a loop's first-in-first-out list of exchanges that wait for a worker, linked by exchange id.
type parkedQueue struct {
	head, tail int32
	retrying   bool // a retry timer is armed
}

// park makes a request wait: for a worker to become ready, or, when all that are ready have refused it, for a moment.
func (l *loop) park(x *exchange) {
	if l.finishing {
		l.abort(x, causeDeadline)
		return
	}
	if x.queuedMillis == 0 {
		x.queuedMillis = l.now
		l.timers.Set(x.downstream, timerQueue, l.now)
	} else if limit := l.options.QueueTimeout.Milliseconds(); limit > 0 && l.now-x.queuedMillis >= limit {
		l.queueTimedOut(x)
		return
	}
	if l.proxy.waiting.Add(1) > int64(l.options.QueueSize) {
		l.proxy.waiting.Add(-1)
		l.abort(x, causeQueueFull)
		return
	}
	x.request = requestParked
	x.prevParked, x.nextParked = l.parked.tail, noSlot
	if l.parked.tail == noSlot {
		l.parked.head = x.id
	} else {
		l.exchanges[l.parked.tail].nextParked = x.id
	}
	l.parked.tail = x.id
	if x.tries > 0 && !l.parked.retrying {
		l.parked.retrying = true
		l.timers.Set(l.retrySlot, timerRetry, l.now)
	}
}

// unpark takes an exchange out of the queue, wherever it stands.
func (l *loop) unpark(x *exchange) {
	if x.prevParked == noSlot {
		l.parked.head = x.nextParked
	} else {
		l.exchanges[x.prevParked].nextParked = x.nextParked
	}
	if x.nextParked == noSlot {
		l.parked.tail = x.prevParked
	} else {
		l.exchanges[x.nextParked].prevParked = x.prevParked
	}
	x.nextParked, x.prevParked = noSlot, noSlot
	x.request = requestSending
	l.proxy.waiting.Add(-1)
}

// retryParked lets every waiting request try all workers again, the oldest first. Those that find none wait on in the
// same order.
func (l *loop) retryParked() {
	l.parked.retrying = false
	last := l.parked.tail
	for l.parked.head != noSlot {
		x := l.exchanges[l.parked.head]
		l.unpark(x)
		x.tried = endpointSet{}
		l.assign(x)
		if x.id == last {
			return
		}
	}
}

// queueTimedOut ends a wait that took too long. An exchange that is being sent just then has other timers.
func (l *loop) queueTimedOut(x *exchange) {
	switch {
	case x.request != requestParked && x.target != nil:
	case x.tries > 0 && l.table.anyUp(): // all that are said to be ready refuse
		l.abort(x, causeConnectRefused)
	default:
		l.abort(x, causeNoWorker)
	}
}

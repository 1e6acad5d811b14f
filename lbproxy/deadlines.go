package lbproxy

import (
	"time"

	"percore/lbproxy/timer"
)

// The timer classes of a loop; conn.go says which state arms which. Each belongs to a row of resize, or to one of
// newTimers.
const (
	timerHeader timer.Class = 1 + iota
	timerBody
	timerSend
	timerKeepalive
	timerLinger
	timerAcceptPause
	timerGrace
	timerRetry
	timerProxy
	timerHalfClosed
	timerWorkerSend
	timerExpect
	timerFinished

	// Each service has these, the first one as they are here; see service.timer.
	timerConnect
	timerRead
	timerPooled
	timerQueue
	timerTunnel
	timerFirstStart
	timersEnd
)

// serviceTimers is how many classes each service has.
const serviceTimers = timersEnd - timerConnect

// newTimers makes the timers of a loop with so many services. Those that go by settings are to be resized.
func newTimers(services int) *timer.Table {
	millis := [timerConnect]int64{
		timerLinger:      lingerMillis,
		timerAcceptPause: acceptPauseMillis,
		timerGrace:       graceMillis,
		timerRetry:       retryMillis,
		timerProxy:       proxyHeaderMillis,
		timerHalfClosed:  halfClosedMillis,
		timerWorkerSend:  workerSendMillis,
		timerExpect:      expectMillis,
		timerFinished:    finishedMillis,
	}
	return timer.New(append(millis[1:], make([]int64, services*int(serviceTimers))...)...)
}

// timer is the service's own class for one of those that each service has.
func (s *service) timer(class timer.Class) timer.Class {
	return class + timer.Class(s.id)*serviceTimers
}

// kindOf is the class as the first service has it.
func kindOf(class timer.Class) timer.Class {
	if class < timersEnd {
		return class
	}
	return timerConnect + (class-timerConnect)%serviceTimers
}

// resize sets the timers that go by settings. It says, too, which those are.
func (o *Options) resize(timers *timer.Table) {
	for class, d := range map[timer.Class]time.Duration{
		timerHeader:    o.ClientHeaderTimeout,
		timerBody:      o.ClientBodyTimeout,
		timerSend:      o.SendTimeout,
		timerKeepalive: o.KeepaliveTimeout,
	} {
		timers.Resize(class, d.Milliseconds())
	}
}

// resize does the same for the timers of a service.
func (s *service) resize(o *ServiceOptions) {
	for class, d := range map[timer.Class]time.Duration{
		timerConnect:    o.ProxyConnectTimeout,
		timerRead:       o.ProxyReadTimeout,
		timerPooled:     o.ProxyKeepaliveTimeout,
		timerQueue:      o.QueueTimeout,
		timerTunnel:     o.TunnelTimeout,
		timerFirstStart: o.firstStartTimeout(),
	} {
		s.loop.timers.Resize(s.timer(class), d.Milliseconds())
	}
}

// idleTimer is the timer class of a connection that waits for a request: while the front door stops, a short one.
func (l *loop) idleTimer(usual timer.Class) timer.Class {
	if l.isDraining() {
		return timerGrace
	}
	return usual
}

// A client's connection has one timer, and what the client owes, or is owed, changes with both sides of its exchange.
// So the class follows from the exchange's state, and is brought up to date when whatever happened to it is over.

// class is what the client has a time for now: timer.None where it waits for a worker. What it does not take of its
// response goes first, whatever else it does.
func (e clientEnd) class() timer.Class {
	switch {
	case e.writer.pending() > 0:
		return timerSend
	case e.request.state == requestParked && e.service.table.StartsFirst():
		return e.service.timer(timerFirstStart)
	case e.request.state == requestParked:
		return e.service.timer(timerQueue)
	case e.owesBody() && e.upload.expects:
		return timerExpect
	case e.owesBody():
		return timerBody
	case e.isFinishing():
		return timerFinished
	default:
		return timer.None
	}
}

// owesBody reports whether the next piece of the request's body is wanted.
func (e clientEnd) owesBody() bool {
	return e.upload.state == uploadBody &&
		(e.request.state == requestHeld || e.request.state == requestStreaming && e.request.unsent.Pending() == 0)
}

// retime gives the client of an exchange the timer that it has to have. One that is armed for the same goes on.
func (l *loop) retime(exchange int32) {
	if exchange == noSlot {
		return
	}
	e := l.exchanges.all[exchange].clientEnd()
	c := e.conn()
	if c.exchange != exchange || c.kind != kindDownstream || c.state != stateOpen || e.upload.state == uploadHead {
		return // it has ended, or has not begun, or is a tunnel
	}
	switch class := e.class(); {
	case class == e.armed():
	case class == timer.None:
		e.disarm()
	default:
		e.arm(class)
	}
}

// A client has to send a body at ClientBodyMinRate, over any span of ClientBodyTimeout in which we were ready to read.
// The default is Kestrel's; the slowest mobile connections have ten times as much. Without it a byte now and then
// would hold a buffer, and perhaps a worker, for hours.

// awaitBody starts, or starts anew after a pause of our own making, the time in which more of a body has to come: not
// before the client was told to send it.
func (e clientEnd) awaitBody() {
	e.touchBody()
	e.upload.paceMillis, e.upload.paceBytes = e.loop.now, e.upload.body.total
}

// touchBody starts the time anew in which the next piece of a body has to come.
func (e clientEnd) touchBody() {
	if class := e.class(); class == timerBody || class == timerExpect {
		e.arm(class)
	}
}

// bodyTimedOut ends an exchange whose body does not come. One whose response has begun goes on without the rest of it: a
// worker that needs that has its own time.
func (e clientEnd) bodyTimedOut(why cause) {
	if e.response.state == responseRelaying {
		e.request.state = requestStopped
		return
	}
	e.abort(why)
}

// isTooSlow reports whether a body that goes on has come at less than the least rate. It looks once in a span, so it
// costs a subtraction for each read, and no timer.
func (e clientEnd) isTooSlow() bool {
	l := e.loop
	span, elapsed := l.options.ClientBodyTimeout.Milliseconds(), l.now-e.upload.paceMillis
	if e.upload.body.done || span <= 0 || elapsed < span {
		return false
	}
	slow := (e.upload.body.total-e.upload.paceBytes)*1000 < l.options.ClientBodyMinRate*elapsed
	e.upload.paceMillis, e.upload.paceBytes = l.now, e.upload.body.total
	return slow
}

// expire handles every timer that has run out.
func (l *loop) expire() {
	for {
		slot, class, ok := l.timers.Expired(l.now)
		if !ok {
			return
		}
		l.expired(l.conns.at(slot), class)
	}
}

func (l *loop) expired(c *conn, class timer.Class) {
	defer l.rescue(c.ref())
	defer l.retime(c.exchange)
	switch kindOf(class) {
	case timerHeader:
		l.headTimedOut(c)
	case timerBody:
		l.exchangeOf(c).clientEnd().bodyTimedOut(causeBodyTimeout)
	case timerSend:
		l.exchangeOf(c).abort(causeSendTimeout)
	case timerExpect:
		l.exchangeOf(c).sendContinue()
	case timerConnect:
		l.exchangeOf(c).tryFailed(causeConnectTimeout)
	case timerRead:
		l.readTimedOut(c)
	case timerFinished:
		l.exchangeOf(c).clientEnd().finishedTimedOut()
	case timerQueue, timerFirstStart:
		l.exchangeOf(c).queueTimedOut()
	case timerWorkerSend:
		l.exchangeOf(c).tryFailed(causeWorkerSendTimeout)
	case timerTunnel, timerHalfClosed:
		l.exchangeOf(c).tunnel().close()
	case timerKeepalive:
		l.linger(c)
	case timerGrace:
		l.graceOver(c)
	case timerPooled, timerLinger:
		l.closeConn(c)
	case timerProxy:
		l.closeUnserved(c)
	case timerAcceptPause:
		l.accepter.from(c)
	case timerRetry:
		l.retryParked()
	}
}

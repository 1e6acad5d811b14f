package lbproxy

import "percore/lbproxy/timer"

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

// servicesMax bounds how many services there are: a loop's turn looks at each timer class, and 1000 programs with a
// hundred ports each are more than there are ports. The next line does not compile where the last service's classes
// do not fit.
const servicesMax = 1000

const _ = timerConnect + servicesMax*serviceTimers

// The times that no setting says.
const (
	// lingerMillis is how long a client that has our last response may pause while what it still sends is thrown away,
	// and lingerMillisMax how long that goes on in all.
	lingerMillis    = 2_000
	lingerMillisMax = 10_000
	// halfClosedMillis is how long the open half of a tunnel may be silent once the other has ended: time for the last
	// response, and a bound for peers that are gone without a FIN.
	halfClosedMillis = 5_000
	// workerSendMillis is how long a worker may take nothing of a request that it was given.
	workerSendMillis = 30_000
	// acceptPauseMillis is the pause after accept ran out of descriptors or memory.
	acceptPauseMillis = 100
	// graceMillis is how long a stopping front door waits for the next request on an idle connection, so
	// that a client in a request loop is told by `Connection: close` and not by a closed socket.
	graceMillis = 1000
	// graceSpreadMillis is over how long those that are idle when the stop begins are closed, so that their clients
	// do not all connect elsewhere in the same moment.
	graceSpreadMillis = 500
	// retryMillis is the pause before all ready workers are tried again when each of them refused.
	retryMillis = 100
	// proxyHeaderMillis is how long a connection may take to say which client it is for; the balancer in front sends it
	// at once.
	proxyHeaderMillis = 5000
	// expectMillis is how long a worker may say nothing about a body that its client holds back. Then the front door says
	// 100: many a small server knows no expectations, and some clients wait for ever. curl waits as long.
	expectMillis = 1_000
	// finishedMillis is how long after a client's FIN its worker has for a response, or for more of it. Then the
	// worker is told that the client has left, or a client that may still listen is probed. nginx and HAProxy give no
	// time.
	finishedMillis = 250
)

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

// idleTimer is the timer class of a connection that waits for a request: while the front door stops, a short one.
func (l *loop) idleTimer(usual timer.Class) timer.Class {
	if l.isDraining() {
		return timerGrace
	}
	return usual
}

package lbproxy

import (
	"fmt"
	"log/slog"
	"math"
	"runtime/debug"
	"time"

	"percore/lbproxy/accesslog"
	"percore/lbproxy/buffer"
	"percore/lbproxy/notice"
	"percore/lbproxy/socket"
	"percore/lbproxy/timer"
)

func newLoop(p *Proxy, id int, listeners []socket.Listener) (*loop, error) {
	t, err := newTransport()
	if err != nil {
		return nil, fmt.Errorf("open loop %d: %w", id, err)
	}
	l := &loop{
		transport: t, proxy: p, id: id, loopClock: loopClock{epoch: p.epoch},
		timers: newTimers(len(p.services)),
		out:    make([]byte, 0, buffer.HeadroomBytes),
		log:    accesslog.NewWriter(p.accessLog),
	}
	l.mailbox.Wake = l.interrupt
	for i, shared := range p.services {
		l.services = append(l.services, newService(l, i, shared))
	}
	l.tick()
	l.configure()
	l.retrySlot = l.reserveSlot()
	l.accepter.loop, l.room.loop = l, l
	for _, listener := range listeners {
		if err := l.accepter.add(listener); err != nil {
			return nil, fmt.Errorf("open loop %d: %w", id, err)
		}
	}
	return l, nil
}

// run turns until the loop is closed. Each turn waits for events or the earliest deadline.
func (l *loop) run() error {
	defer l.release()
	for l.stage != loopStopped {
		events, err := l.await(l.timeout(), l.now)
		if err != nil {
			return fmt.Errorf("loop %d: %w", l.id, err)
		}
		l.turn++
		l.tick()
		l.excuse()
		if l.mail.waiting.Load() {
			l.readMail()
		}
		for i := range events {
			if c, writable, news := l.hear(events[i]); c != nil {
				l.drive(c, writable, news)
			}
		}
		l.runReady()
		l.expire()
		l.takeGrants()
		l.accepter.watchLate()
		l.log.Flush()
		if l.isDraining() {
			l.noteQuiet()
		}
		if l.afterTurn != nil {
			l.afterTurn(l)
		}
		if l.stage >= loopFinishing && l.isDone() {
			return nil
		}
	}
	return nil
}

// timeout is how many milliseconds the loop may sleep, negative for ever.
func (l *loop) timeout() int64 {
	deadline, ok := l.timers.Next()
	if !ok {
		deadline = timer.Never
	}
	return l.wake.Plan(l.now, min(deadline, l.accepter.due()), len(l.ready) > 0)
}

// drive lets a connection do what it can: write first, then read. news is that an event told of something to read. A
// fault in there costs that connection and its peer, not the process.
func (l *loop) drive(c *conn, writable, news bool) {
	defer l.rescue(c.ref())
	if l.buffers.IsCramped() {
		generation := c.generation
		if l.room.trim(); c.generation != generation {
			return // it has gone itself
		}
	}
	before := c.exchange
	switch c.kind {
	case kindListener:
		l.accepter.from(c)
	case kindDownstream:
		l.driveDownstream(c, writable)
		if c.unwatched() { // not for one that was closed: its slot is clean
			l.accepter.firstRead(c)
		}
	case kindUpstream:
		l.driveUpstream(c, writable, news)
	case kindFree:
	}
	l.retime(before)
	if c.exchange != before {
		l.retime(c.exchange)
	}
}

// rescue turns a panic in one connection's handling into the end of its exchange.
func (l *loop) rescue(r ref) {
	fault := recover()
	if fault == nil {
		return
	}
	l.proxy.log.Error("connection handling panicked", "fault", fmt.Sprint(fault), "stack", string(debug.Stack()))
	if c := l.conns.find(r); c != nil && c.kind != kindListener {
		if x := l.exchangeOf(c); x != nil {
			x.abort(causePanic)
		} else {
			l.closeConn(c)
		}
	}
}

// runReady gives each connection that is in the run queue now one turn.
func (l *loop) runReady() {
	n := len(l.ready)
	for i := range n {
		c := l.conns.find(l.ready[i])
		if c == nil {
			continue
		}
		c.flags &^= flagQueued
		l.drive(c, true, false)
	}
	l.ready = l.ready[:copy(l.ready, l.ready[n:])]
}

func (l *loop) readMail() {
	l.mail.Lock()
	posted := l.mail.posted
	l.mail.posted = nil
	l.mail.waiting.Store(false)
	l.mail.Unlock()
	for _, f := range posted {
		f(l)
	}
}

// release closes everything when the loop ends.
func (l *loop) release() {
	l.proxy.ending.Forget()
	for slot := range int32(l.conns.size()) {
		if c := l.conns.at(slot); c.kind != kindFree {
			c.closeSocket()
		}
	}
	l.log.Flush()
	l.stopWaiting()
	l.quiet.Store(true)
	l.seen.Store(math.MaxUint64) // no snapshot concerns it any more; PID 1 takes one that is not answered for a hang
	l.proxy.changed()
}

// excuse takes a pause out of the loop's clock, if there was one.
func (l *loop) excuse() {
	lost := l.wake.Late(l.now)
	if lost == 0 {
		return
	}
	l.passOver(lost)
	if lost >= pauseToldMillis {
		l.proxy.notices.Offer(notice.Line{
			Level: slog.LevelInfo, Message: "front door did not run for a while; deadlines wait",
			Reason: fmt.Sprintf("%v are not counted", time.Duration(lost)*time.Millisecond), Side: sideInternal.String(),
		})
	}
}

// pauseToldMillis is how long a pause of the front door has to be for the log to tell of it.
const pauseToldMillis = 1_000

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

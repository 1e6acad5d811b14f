package lbproxy

import "percore/lbproxy/timer"

// A client's connection has one timer, and what the client owes, or is owed, changes with both sides of its exchange. So the class
// follows from the exchange's state, and is brought up to date when whatever happened to it is over.

// clientClass is what the client of an exchange has a time for now: timer.None where it waits for a worker. What it does not take of its
// answer goes first, whatever else it does.
func (x *exchange) clientClass(c *conn) timer.Class {
	switch {
	case x.writer.unsent.Pending() > 0:
		return timerSend
	case x.request == requestParked && x.loop.table.StartsFirst():
		return timerFirstStart
	case x.request == requestParked:
		return timerQueue
	case x.upload == uploadBody && (x.request == requestHeld || x.request == requestStreaming && x.toWorker.Pending() == 0):
		if x.expects {
			return timerExpect
		}
		return timerBody
	case x.isFinishing(c):
		return timerFinished
	default:
		return timer.None
	}
}

// retime gives the client of an exchange the timer that it has to have. One that is armed for the same goes on.
func (l *loop) retime(exchange int32) {
	if exchange == noSlot {
		return
	}
	x := l.exchanges.all[exchange]
	c := l.conns.at(x.downstream)
	if c.exchange != exchange || c.kind != kindDownstream || c.state != stateOpen || x.upload == uploadHead {
		return // it has ended, or has not begun, or is a tunnel
	}
	switch class := x.clientClass(c); {
	case class == l.timers.Class(c.slot):
	case class == timer.None:
		l.timers.Clear(c.slot)
	default:
		l.timers.Set(c.slot, class, l.now)
	}
}

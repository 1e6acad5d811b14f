package lbproxy

import "percore/lbproxy/balance"

// apply takes over the newest snapshot.
func (l *loop) apply() {
	w := l.proxy.wanted.Load()
	if w == l.wanted {
		return
	}
	l.wanted = w
	for i, s := range l.services {
		s.use(w.tables[i])
	}
	if w.drain && !l.isDraining() {
		l.beginDrain()
	}
	l.retryParked()
	for _, s := range l.services {
		s.dismissHopeless()
		if w.ask != 0 {
			s.noteOldest()
		}
	}
	l.seen.Store(w.seq)
	l.proxy.changed()
}

// use takes over the newest table.
func (s *service) use(t *balance.Table) {
	starting := s.table.StartsFirst()
	s.table = t
	if starting && !t.StartsFirst() {
		s.endFirstStart()
	}
	s.pools.closeStale()
}

// beginDrain takes what has connected, while the sockets refuse new clients (handshake.Ending), and gives idle
// connections a moment to send the request that may be on its way.
func (l *loop) beginDrain() {
	l.stage = loopDraining
	l.accepter.sweep()
	var waiting []int32
	for slot := range int32(l.conns.size()) {
		if c := l.conns.at(slot); c.kind == kindDownstream && l.awaitsRequest(c) {
			waiting = append(waiting, slot)
		}
	}
	for i, slot := range waiting { // the first to end first, as a class of timers wants it
		left := int64(len(waiting) - 1 - i)
		l.timers.Set(slot, timerGrace, l.now-graceSpreadMillis*left/int64(len(waiting)))
	}
}

// awaitsRequest reports whether a client's connection has no whole head of a request.
func (l *loop) awaitsRequest(c *conn) bool {
	switch c.state {
	case stateIdle, stateProxy:
		return true
	case stateOpen:
		return l.exchangeOf(c).upload.state == uploadHead
	default:
		return false
	}
}

// graceOver ends a connection that brought no request in time while the front door stops.
func (l *loop) graceOver(c *conn) {
	switch x := l.exchangeOf(c); {
	case c.state == stateProxy:
		l.closeUnserved(c)
	case x != nil:
		x.abort(causeHeaderTimeout)
	default:
		l.linger(c)
	}
}

// finishServing ends the loop once every client has its response and has closed, or has had the time to. No worker
// will come any more, so those that wait for one are told now.
func (l *loop) finishServing() {
	if !l.isDraining() {
		l.beginDrain()
	}
	l.stage = max(l.stage, loopFinishing)
	for slot := range int32(l.conns.size()) {
		c := l.conns.at(slot)
		if c.kind != kindDownstream {
			continue
		}
		if x := l.exchangeOf(c); x != nil && x.backend == nil && x.response.state == responseAwaited {
			x.abort(causeDeadline)
		}
	}
}

// isDone reports whether no client is left to serve. Clients that linger are waited for, since closing on unread
// input would reset their connections.
func (l *loop) isDone() bool {
	if l.accepter.isOpen() || l.exchanges.active > 0 {
		return false
	}
	for slot := range int32(l.conns.size()) {
		if l.conns.at(slot).kind == kindDownstream {
			return false
		}
	}
	return true
}

// noteQuiet tells the proxy once no request can come any more: no listener is open and no connection is without a
// worker.
func (l *loop) noteQuiet() {
	if l.accepter.isOpen() || l.quiet.Load() {
		return
	}
	for slot := range int32(l.conns.size()) {
		c := l.conns.at(slot)
		if c.kind != kindDownstream || c.state == stateLinger {
			continue
		}
		x := l.exchangeOf(c)
		if x == nil || x.backend == nil && x.response.state == responseAwaited || x.hasBegun() && x.writer.keepAlive {
			return // a request may come, waits for a worker, or may follow a response that promised to go on
		}
	}
	l.quiet.Store(true)
	l.proxy.changed()
}

package lbproxy

// driveDownstream lets a client's connection do what it can.
func (l *loop) driveDownstream(c *conn, writable bool) {
	generation := c.generation
	if writable {
		l.onClientWritable(c)
	}
	if c.generation != generation {
		return
	}
	if c.state == stateOpen && l.exchangeOf(c).upload.hasAhead() {
		l.onHead(c, nil)
	}
	if c.generation != generation {
		return
	}
	switch c.state {
	case stateIdle, stateProxy:
		l.readDownstream(c)
	case stateOpen:
		if l.exchangeOf(c).upload.state == uploadWhole {
			l.exchangeOf(c).clientEnd().watch()
		} else {
			l.readDownstream(c)
		}
	case stateLinger:
		l.discard(c)
	case stateTunnel:
		l.exchangeOf(c).tunnel().read(c)
	case stateNone, stateConnecting, stateBusy, statePooled: // upstream only
	}
}

// onClientWritable writes what was kept for a client.
func (l *loop) onClientWritable(c *conn) {
	if x := l.exchangeOf(c); x != nil && x.writer.pending() > 0 {
		x.flushToClient()
	}
}

// readDownstream reads from a client for as long as its exchange wants bytes.
func (l *loop) readDownstream(c *conn) {
	generation := c.generation
	for range readsPerTurn {
		room := l.requestRoom(c)
		if room == 0 {
			if x := l.exchangeOf(c); x != nil {
				x.clientEnd().watchBlocked()
			}
			return
		}
		if !c.readable() {
			return
		}
		b, ok := l.receive(c, room)
		if !ok {
			return
		}
		if len(b) == 0 {
			l.onClientClosed(c)
			return
		}
		l.onRequestBytes(c, b)
		if c.generation != generation {
			return
		}
	}
	l.enqueue(c)
}

// requestRoom is how many bytes may be read from a client now; 0 while it has to wait.
func (l *loop) requestRoom(c *conn) int {
	switch c.state {
	case stateIdle:
		return headReadBytes
	case stateProxy:
		return proxyHeaderBytes
	case stateOpen:
		return l.exchangeOf(c).uploadRoom()
	default:
		return 0
	}
}

// onClientClosed ends a connection whose client has closed or reset it while something was expected from it.
func (l *loop) onClientClosed(c *conn) {
	if c.state == stateProxy {
		l.closeUnserved(c)
		return
	}
	x := l.exchangeOf(c)
	switch {
	case x == nil:
		l.closeConn(c)
	case x.request.state == requestStopped && !c.gone(): // it need not send the rest of what is thrown away
		x.clientEnd().judgeFIN()
	case x.response.state == responseRelaying && !c.gone(): // nor of what is answered already; or it has left
		x.request.state = requestStopped
		x.clientEnd().noteLeaving()
	default:
		x.abort(causeClientClosed)
	}
}

// onRequestBytes takes bytes from a client.
func (l *loop) onRequestBytes(c *conn, b []byte) {
	switch x := l.exchangeOf(c); {
	case c.state == stateProxy:
		l.onProxyHeader(c, b)
	case x != nil && x.upload.state == uploadBody:
		x.onBody(b)
	default:
		l.onHead(c, b)
	}
}

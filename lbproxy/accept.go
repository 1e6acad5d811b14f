package lbproxy

import (
	"fmt"

	"golang.org/x/sys/unix"

	"percore/lbproxy/client"
	"percore/lbproxy/socket"
	"percore/lbproxy/timer"
)

// acceptsPerTurn bounds how many connections a turn takes in, so that those that are open get their turn.
const acceptsPerTurn = 64

// watchMillis is how long a connection that brought its only request may stay unregistered. A worker that answers
// within it saves the registration; a client that leaves meanwhile is noticed that much later.
const watchMillis = 2

// lateWatch is a connection that is to be registered at a deadline, should it still be there.
type lateWatch struct {
	ref    ref
	millis int64
}

// accepter takes a loop's connections in: from its listeners, until it is told to close them, to where epoll knows of
// them.
type accepter struct {
	loop      *loop
	listeners []int32             // slots
	peer      unix.RawSockaddrAny // that connected last
	early     gamble              // reading right after accept
	once      gamble              // leaving a connection with a single request unregistered
	late      []lateWatch         // accepted connections that epoll does not know yet, by deadline
}

// add starts accepting from an inherited listening socket, on a duplicate that the loop alone will close.
func (a *accepter) add(listener socket.Listener) error {
	fd, err := listener.Adopt()
	if err != nil {
		return err
	}
	c, err := a.loop.addConn(fd, kindListener)
	if err != nil {
		return fmt.Errorf("watch listener %s: %w", listener.Address, err)
	}
	a.listeners = append(a.listeners, c.slot)
	return nil
}

// sockets are the descriptors of the listeners.
func (a *accepter) sockets() (list []int) {
	for _, slot := range a.listeners {
		list = append(list, int(a.loop.conns.at(slot).fd))
	}
	return list
}

// from takes a batch of connections from a listener; when more may be waiting it asks for another turn.
func (a *accepter) from(listener *conn) {
	l := a.loop
	if l.timers.Class(listener.slot) == timerAcceptPause {
		return // every further connection is an event, and would only fail too
	}
	for range acceptsPerTurn {
		if !l.room.mayAccept() {
			a.pause(listener, "as many clients as there is memory or are descriptors for")
			return
		}
		fd, errno := socket.Accept(listener.fd, &a.peer)
		switch errno {
		case socket.OK:
			a.take(fd)
		case unix.EAGAIN:
			listener.facts &^= factReadable
			return
		case unix.EINTR, unix.ECONNABORTED:
			// This client has left; the next in the queue has not.
		case unix.EMFILE, unix.ENFILE, unix.ENOBUFS, unix.ENOMEM:
			if !l.room.shed() {
				a.pause(listener, errno.Error())
				return
			}
		default:
			// The remaining errors of man 2 accept are the new connection's network errors.
			l.proxy.log.Debug("connection failed before it was accepted", "err", errno)
		}
	}
	l.enqueue(listener)
}

// pause lets the queue wait in the kernel until descriptors or memory may be there again.
func (a *accepter) pause(listener *conn, why string) {
	l := a.loop
	l.complain(&l.complaints.paused, sideInternal, "accept paused", why)
	l.timers.Set(listener.slot, timerAcceptPause, l.now)
}

// take takes a connection in. Where clients' requests tend to be there already, it is read on this turn, after the
// other events, and registered when it has to wait.
func (a *accepter) take(fd int32) {
	l := a.loop
	if l.room.isShort() {
		socket.BoundUnsent(fd, unsentBytesShort)
	}
	if l.room.clients >= l.room.clientsMax {
		l.room.shed()
	}
	c := l.takeConn(fd, kindDownstream)
	l.room.clients++
	c.peer = client.FromAccept(&a.peer)
	if l.trust.Believes(&c.peer) {
		c.flags |= flagTrusted
	}
	c.facts |= factUnwatched
	if l.options.ProxyProtocol {
		c.state = stateProxy
		l.timers.Set(c.slot, l.idleTimer(timerProxy), l.now)
	} else {
		c.state = stateIdle
		l.timers.Set(c.slot, l.idleTimer(timerHeader), l.now)
	}
	if a.early.worthIt() {
		c.facts |= factReadable
		l.enqueue(c)
		return
	}
	l.watch(c)
}

// isOpen reports whether connections can still come.
func (a *accepter) isOpen() bool { return len(a.listeners) > 0 }

// sweep accepts all that the kernel has completed.
func (a *accepter) sweep() {
	for _, slot := range a.listeners {
		a.sweepOne(a.loop.conns.at(slot))
	}
}

func (a *accepter) sweepOne(listener *conn) {
	listener.facts |= factReadable
	for listener.readable() && a.loop.timers.Class(listener.slot) == timer.None {
		a.from(listener)
	}
}

// close ends accepting: a client that comes later is refused. Nothing stands between a listener's last sweep and its
// close, as a connection that the kernel completes in between is reset.
func (a *accepter) close() {
	l := a.loop
	for _, slot := range a.listeners {
		c := l.conns.at(slot)
		// Closing alone would leave it registered for as long as any other process has a copy.
		if err := l.unregister(c); err != nil {
			l.proxy.log.Debug("listener stays registered", "err", err)
		}
		a.sweepOne(c)
		l.closeConn(c)
	}
	a.listeners = a.listeners[:0]
}

// firstRead goes on with a connection that was read before it was registered with epoll. A client's first request is
// usually there when accept returns, and when it is also the last one on its connection and a worker answers at once,
// epoll never has to know of it. Everything else is registered now: epoll then reports what is there already.
func (a *accepter) firstRead(c *conn) {
	l := a.loop
	if c.state == stateIdle || c.state == stateProxy {
		a.early.lost()
		l.watch(c)
		return
	}
	a.early.won()
	x := l.exchangeOf(c)
	isLast := c.state == stateOpen && x.upload.state == uploadWhole && x.request.state.isOver() && x.single
	if isLast && a.once.worthIt() {
		a.late = append(a.late, lateWatch{c.ref(), l.now + watchMillis})
		return
	}
	l.watch(c)
}

// watchLate registers the connections whose time is up, and forgets those that were answered within it.
func (a *accepter) watchLate() {
	l := a.loop
	done := 0
	for i := range a.late {
		c := l.conns.find(a.late[i].ref)
		waits := c != nil && c.unwatched()
		if waits && a.late[i].millis > l.now {
			break
		}
		if waits {
			a.once.lost()
			l.watch(c)
		} else {
			a.once.won()
		}
		done++
	}
	if done > 0 {
		a.late = a.late[:copy(a.late, a.late[done:])]
	}
}

// due is when the next connection is to be registered; never when there is none.
func (a *accepter) due() int64 {
	if len(a.late) == 0 {
		return timer.Never
	}
	return a.late[0].millis
}

// gamble decides whether a shortcut that saves a system call when it works, and costs one when it does not, is worth
// trying: by how it went lately. The zero value tries one time in gambleProbe until it wins.
type gamble struct {
	credit int8
	asked  uint8
}

const (
	gambleCredit = 8  // how many losses in a row end a winning streak
	gambleProbe  = 16 // while losing, one time in so many is tried all the same
)

func (g *gamble) worthIt() bool {
	g.asked++
	return g.credit > 0 || g.asked%gambleProbe == 0
}

func (g *gamble) won()  { g.credit = min(g.credit+2, gambleCredit) }
func (g *gamble) lost() { g.credit = max(g.credit-1, 0) }

// dial opens a connection to a worker, or tells what became of the try. What it returns is writable or will be told
// about.
func (l *loop) dial(a *socket.Address) (*conn, cause) {
	if l.room.upstreams >= l.room.clientsMax { // as many as there may be clients: docs/limits.md counts on it
		l.dropKept()
	}
	fd, errno := l.openSocket(a)
	if errno != socket.OK {
		return nil, causeNoSocket
	}
	if failure := dialFailure(socket.Connect(fd, a)); failure != causeNone {
		socket.Close(fd)
		return nil, failure
	}
	u, err := l.addConn(fd, kindUpstream)
	if err != nil {
		socket.Close(fd)
		return nil, causeNoSocket
	}
	l.room.upstreams++
	return u, causeNone
}

// openSocket opens a socket to a worker. A request that is here goes before a connection that is only kept, and before
// a client that may never say another word.
func (l *loop) openSocket(a *socket.Address) (int32, unix.Errno) {
	fd, errno := socket.Open(a)
	if (errno == unix.EMFILE || errno == unix.ENFILE) && (l.dropKept() || l.room.shedUnserved()) {
		return socket.Open(a)
	}
	return fd, errno
}

func dialFailure(errno unix.Errno) cause {
	switch errno {
	case socket.OK, unix.EINPROGRESS:
		return causeNone
	case unix.EADDRNOTAVAIL, unix.ENOBUFS, unix.ENOMEM:
		return causeNoSocket
	case unix.EAGAIN: // a unix listener with a full backlog; man 2 connect
		return causeBacklogFull
	default: // ECONNREFUSED; ENOENT where the unix socket is not there yet
		return causeConnectRefused
	}
}

package lbproxy

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"percore/lbproxy/client"
	"percore/lbproxy/socket"
	"percore/lbproxy/timer"
)

// acceptsPerTurn bounds how many connections a turn takes in, so that those that are open get their turn.
const acceptsPerTurn = 64

// addListener starts accepting from an inherited listening socket, on a duplicate that the loop alone will close.
func (l *loop) addListener(listener socket.Listener) error {
	fd, err := unix.FcntlInt(listener.File.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("fcntl", err)
	}
	_ = listener.File.Close()
	if err := unix.SetNonblock(fd, true); err != nil {
		return os.NewSyscallError("fcntl", err)
	}
	c, err := l.addConn(int32(fd), kindListener)
	if err != nil {
		return fmt.Errorf("watch listener %s: %w", listener.Address, err)
	}
	l.listeners = append(l.listeners, c.slot)
	return nil
}

// acceptFrom takes a batch of connections from a listener; when more may be waiting it asks for another turn.
func (l *loop) acceptFrom(listener *conn) {
	if l.timers.Class(listener.slot) == timerAcceptPause {
		return // every further connection is an event, and would only fail too
	}
	for range acceptsPerTurn {
		if !l.mayAccept() {
			l.pauseAccept(listener, "as many clients as there is memory or are descriptors for")
			return
		}
		fd, errno := socket.Accept(listener.fd, &l.peer)
		switch errno {
		case socket.OK:
			l.accepted(fd)
		case unix.EAGAIN:
			listener.flags &^= flagReadable
			return
		case unix.EINTR, unix.ECONNABORTED:
			// The one who connected has left; the next in the queue has not.
		case unix.EMFILE, unix.ENFILE, unix.ENOBUFS, unix.ENOMEM:
			if !l.shed() {
				l.pauseAccept(listener, errno.Error())
				return
			}
		default:
			// The remaining errors of man 2 accept are the new connection's network errors.
			l.proxy.log.Debug("connection failed before it was accepted", "err", errno)
		}
	}
	l.enqueue(listener)
}

// pauseAccept lets the queue wait in the kernel until descriptors or memory may be there again.
func (l *loop) pauseAccept(listener *conn, why string) {
	l.complain(&l.complaints.paused, sideInternal, "accept paused", why)
	l.timers.Set(listener.slot, timerAcceptPause, l.now)
}

// accepted takes a connection in. Where clients' requests tend to be there already, it is read on this turn, after the
// other events, and registered when it has to wait.
func (l *loop) accepted(fd int32) {
	if l.isShort() {
		socket.BoundUnsent(fd, unsentBytesShort)
	}
	if l.clients >= l.clientsMax {
		l.shed()
	}
	c := l.takeConn(fd, kindDownstream)
	l.clients++
	c.peer = client.FromAccept(&l.peer)
	if l.trust.Believes(&c.peer) {
		c.flags |= flagTrusted
	}
	c.flags |= flagUnwatched
	if l.options.ProxyProtocol {
		c.state = stateProxy
		l.timers.Set(c.slot, l.idleTimer(timerProxy), l.now)
	} else {
		c.state = stateIdle
		l.timers.Set(c.slot, l.idleTimer(timerHeader), l.now)
	}
	if l.early.worthIt() {
		c.flags |= flagReadable
		l.enqueue(c)
		return
	}
	l.watch(c)
}

// idleTimer is the timer class of a connection that waits for a request: while the front door stops, a short one.
func (l *loop) idleTimer(usual timer.Class) timer.Class {
	if l.draining {
		return timerGrace
	}
	return usual
}

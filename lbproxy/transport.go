package lbproxy

import (
	"golang.org/x/sys/unix"

	"percore/lbproxy/epoll"
)

// register has all the events of a connection reported that it will ever need; edge-triggered, so that back-pressure
// costs no system call (docs/adr/0002-raw-epoll.md).
func (l *loop) register(c *conn) error {
	return l.poller.Add(int(c.fd), epoll.Token{Slot: c.slot, Generation: c.generation}, epoll.In|epoll.Out|epoll.PeerClosed|epoll.EdgeTriggered)
}

// dispatch hands an event to the state machine of its connection.
func (l *loop) dispatch(e epoll.Event) {
	c := l.conns.at(e.Slot)
	if c.generation != e.Generation || c.kind == kindFree {
		return // an event for a predecessor in the same slot
	}
	c.noteEvent(e.Flags)
	if c.has(flagFirstEvent) {
		c.noteFirstEvent()
	}
	l.drive(c, e.Flags&(epoll.Out|epoll.HangUp|epoll.Failed) != 0)
}

// noteEvent turns what the kernel reports about a connection into facts about it.
func (c *conn) noteEvent(flags uint32) {
	if flags&(epoll.In|epoll.PeerClosed|epoll.HangUp|epoll.Failed) != 0 {
		c.flags |= flagReadable
	}
	if flags&epoll.PeerClosed != 0 {
		c.flags |= flagPeerClosed
	}
	if flags&(epoll.HangUp|epoll.Failed) != 0 {
		c.flags |= flagBroken
	}
	if flags&epoll.Failed != 0 {
		c.flags |= flagFailed
	}
}

// receive reads once into the scratch. n is 0 at the end of the stream, for which an error of the connection counts
// too; ok is false when nothing is there now. A short read has emptied the socket: a later byte makes a new event
// (man 7 epoll), unless the peer's FIN was part of the last one.
func (l *loop) receive(c *conn, room int) (n int, ok bool) {
	for {
		n, errno := recv(c.fd, l.scratch[headroomBytes:headroomBytes+room], 0)
		switch errno {
		case noErrno:
			if n < room && !c.has(flagPeerClosed|flagBroken) {
				c.flags &^= flagReadable
			}
			return n, true
		case unix.EAGAIN:
			c.flags &^= flagReadable
			return 0, false
		case unix.EINTR:
		default:
			c.flags |= flagBroken | flagFailed
			return 0, true
		}
	}
}

// send writes b, which must not be empty, and says how much of it the connection has taken: 0 when it takes nothing now,
// which an event will end. ok is false when it will never take anything again.
func (l *loop) send(c *conn, b []byte) (n int, ok bool) { return taken(send(c.fd, b)) }

// sendLast is send for the last bytes before the connection ends.
func (l *loop) sendLast(c *conn, b []byte) (n int, ok bool) { return taken(sendLast(c.fd, b)) }

func taken(n int, errno unix.Errno) (int, bool) {
	return n, errno == noErrno || errno == unix.EAGAIN || errno == unix.EINTR
}

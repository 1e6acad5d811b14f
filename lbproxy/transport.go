package lbproxy

import (
	"golang.org/x/sys/unix"

	"percore/lbproxy/buffer"
	"percore/lbproxy/epoll"
	"percore/lbproxy/socket"
	"percore/lbproxy/spool"
)

// The transport is all that knows how bytes get in and out: events, errno and descriptors are named here and in
// accept.go alone, which archtest holds. The rest of the package asks a connection what is known of it, and reads and
// writes by a loop's transport. docs/adr/0017-http-knows-no-epoll.md has the contract.

// transport is a loop's way in and out: what waits for events, and where a read goes.
type transport struct {
	poller  *epoll.Poller
	crowded bool // the last wait brought as many events as it can, so there may be some that the loop has not seen yet
	scratch buffer.Scratch
}

func newTransport() (transport, error) {
	poller, err := epoll.New()
	return transport{poller: poller, scratch: buffer.NewScratch()}, err
}

// interrupt makes the current wait, or the next one, return at once. It may be called from any goroutine.
func (t *transport) interrupt() { t.poller.Wake() }

// stopWaiting is for the end of the loop: there are no events after it.
func (t *transport) stopWaiting() { _ = t.poller.Close() }

// await waits for events, for so many milliseconds at most, for ever when that is negative; now is the loop's clock.
// They are good until the next call.
func (t *transport) await(timeoutMillis, now int64) ([]epoll.Event, error) {
	events, err := t.poller.Wait(timeoutMillis, now)
	t.crowded = len(events) >= epoll.EventsMax
	return events, err
}

// hear takes what an event tells of its connection, which is nil when it is gone: whether that may be written to
// again, and whether there is something to read.
func (l *loop) hear(e epoll.Event) (c *conn, writable, news bool) {
	c = l.conns.find(ref{e.Slot, e.Generation})
	if c == nil {
		return nil, false, false
	}
	c.noteEvent(e.Flags)
	return c, e.Flags&(epoll.Out|epoll.HangUp|epoll.Failed) != 0, e.Flags&inFlags != 0
}

// inFlags are the events after which a read finds something: bytes, the end or an error.
const inFlags = epoll.In | epoll.PeerClosed | epoll.HangUp | epoll.Failed

// noteEvent turns what the kernel reports about a connection into facts about it.
func (c *conn) noteEvent(flags uint32) {
	if flags&inFlags != 0 {
		c.facts |= factReadable
	}
	if flags&epoll.PeerClosed != 0 {
		c.facts |= factEnded
	}
	if flags&(epoll.HangUp|epoll.Failed) != 0 {
		c.facts |= factGone
	}
	if flags&epoll.Failed != 0 {
		c.facts |= factFailed
	}
}

// register has all the events of a connection reported that it will ever need; edge-triggered, so that back-pressure
// costs no system call (docs/adr/0002-raw-epoll.md).
func (t *transport) register(c *conn) error {
	token := epoll.Token{Slot: c.slot, Generation: c.generation}
	return t.poller.Add(int(c.fd), token, epoll.In|epoll.Out|epoll.PeerClosed|epoll.EdgeTriggered)
}

// unregister is for a socket of which another process has a copy: closing it would not end its events.
func (t *transport) unregister(c *conn) error { return t.poller.Remove(int(c.fd)) }

// watch registers an accepted connection with epoll; it may be called twice. Where that fails for want of memory the
// connection counts as broken: its turn in the run queue or its timer ends it.
func (l *loop) watch(c *conn) {
	if !c.unwatched() {
		return
	}
	c.facts &^= factUnwatched
	if err := l.register(c); err != nil {
		l.proxy.log.Warn("connection dropped", "err", err)
		c.facts |= factGone
		l.enqueue(c)
	}
}

// receive reads once, at most room bytes. b lies in the scratch, which is the caller's until the next call: there is
// room around b for framing. It is empty at the end of the stream, for which an error of the connection counts too; ok
// is false when nothing is there now. A short read has emptied the socket: a later byte makes a new event (man 7
// epoll), unless the peer's FIN was part of the last one.
func (t *transport) receive(c *conn, room int) (b []byte, ok bool) {
	for {
		n, errno := socket.Recv(c.fd, t.scratch.Area(room), 0)
		switch errno {
		case socket.OK:
			if n < room && !c.knows(factEnded|factGone) {
				c.facts &^= factReadable
			}
			return t.scratch.Area(n), true
		case unix.EAGAIN:
			c.facts &^= factReadable
			return nil, false
		case unix.EINTR:
		default:
			c.facts |= factGone | factFailed
			return nil, true
		}
	}
}

// send writes b, which must not be empty, and says how much of it the connection has taken: 0 when it takes nothing
// now, which an event will end. ok is false when it will never take anything again.
func (t *transport) send(c *conn, b []byte) (n int, ok bool) { return c.taken(socket.Send(c.fd, b)) }

// sendLast is send for the last bytes before the connection ends.
func (t *transport) sendLast(c *conn, b []byte) (n int, ok bool) {
	return c.taken(socket.SendLast(c.fd, b))
}

const (
	// fileSendBytes is the most that one call sends of a file: what a socket's buffer may have room for.
	fileSendBytes = 1 << 20
	// fileSendsPerTurn bounds how many such calls one connection has before others get their turn.
	fileSendsPerTurn = 4
)

// sendFile is send for what a file has from offset on. Nothing is taken either where that is still to come from a disk,
// of which the file will tell. lost says that it will not come: what failed is the file, and not the connection.
func (t *transport) sendFile(c *conn, f *spool.File, offset int64) (n int, ok, lost bool) {
	left := min(f.Size()-offset, fileSendBytes)
	if f.Busy() || !f.Warm(offset, left) {
		return 0, true, false
	}
	n, errno := socket.SendFile(c.fd, int32(f.FD()), offset, int(left))
	if n == 0 && (errno == socket.OK || socket.IsFileFault(errno)) { // it is shorter than it was, or cannot be read
		return 0, true, true
	}
	n, ok = c.taken(n, errno)
	return n, ok, false
}

// taken is what a write came to. The kernel tells a reset once: a read after a write that found it finds a clean end.
func (c *conn) taken(n int, errno unix.Errno) (int, bool) {
	if errno == unix.ECONNRESET {
		c.facts |= factFailed
	}
	return n, errno == socket.OK || errno == unix.EAGAIN || errno == unix.EINTR
}

// sendFin ends our side of the connection and goes on reading.
func (t *transport) sendFin(c *conn) {
	socket.ShutdownWrite(c.fd)
	c.facts |= factFinSent
}

// next is what a read would bring.
type next uint8

const (
	nextNothing next = iota // nothing that is here already
	nextBytes
	nextEnd // the peer's FIN
	nextFailure
)

// peek looks at what a read would bring, and leaves it there. What it finds out counts as what an event tells.
func (t *transport) peek(c *conn) next {
	var one [1]byte
	n, errno := socket.Recv(c.fd, one[:], unix.MSG_PEEK)
	switch {
	case errno == unix.EAGAIN:
		c.facts &^= factReadable
		return nextNothing
	case errno == unix.EINTR: // not on a socket that never waits, but no failure
		return nextBytes
	case errno != socket.OK:
		return nextFailure
	case n == 0:
		c.facts |= factEnded
		return nextEnd
	default:
		return nextBytes
	}
}

// What is known of a connection.

// facts are what a connection's socket has told, which edge-triggered events say once: they hold until they are used
// up.
type facts uint8

const (
	factReadable  facts = 1 << iota // a read may find something
	factEnded                       // the peer sent a FIN; a read will end with 0
	factGone                        // the kernel reported an error or a full hang-up
	factFailed                      // an error, not just a hang-up
	factFinSent                     // our side has ended
	factUnwatched                   // epoll does not know it yet; it is in the run queue or in loop.late
)

func (c *conn) knows(f facts) bool { return c.facts&f != 0 }

// readable reports whether a read may find something: bytes, the end or an error.
func (c *conn) readable() bool { return c.knows(factReadable) }

// ended reports whether the peer has sent a FIN, as far as it is known: behind what it sent before, a read finds the
// end.
func (c *conn) ended() bool { return c.knows(factEnded) }

// gone reports whether the connection is over in both directions: by an error, or because both sides have ended it.
func (c *conn) gone() bool { return c.knows(factGone) }

// failed reports whether it is over by an error: what came before may not be all that the peer sent.
func (c *conn) failed() bool { return c.knows(factFailed) }

// finSent reports whether our side of the connection has ended.
func (c *conn) finSent() bool { return c.knows(factFinSent) }

// unwatched reports whether epoll does not know the connection yet.
func (c *conn) unwatched() bool { return c.knows(factUnwatched) }

// stirs reports whether anything has come that was not read: bytes, the end or an error.
func (c *conn) stirs() bool { return c.knows(factReadable | factEnded | factGone) }

// readAgain has the next turn read, although no event told of anything.
func (c *conn) readAgain() { c.facts |= factReadable }

// readNoMore is for a connection whose end was read.
func (c *conn) readNoMore() { c.facts &^= factReadable }

// endWriting is for a connection that takes nothing any more: our side counts as ended, and what the peer sent before
// is read.
func (c *conn) endWriting() { c.facts |= factFinSent | factReadable }

// finLag is how many milliseconds after its last byte a client's FIN came. The kernel knows both times, so that it
// does not matter how busy we are; an acknowledgement of ours that is later than the FIN makes it longer. Where the
// kernel does not say, ok is false.
func (c *conn) finLag() (millis int64, ok bool) { return socket.FINLag(c.fd) }

// unread is how many bytes the kernel holds for us of what the peer sent.
func (c *conn) unread() int64 { return socket.Unread(c.fd) }

// appendLocal writes the address that the peer connected to as `host:port`, or `localhost` where there is none.
func (c *conn) appendLocal(b []byte) []byte { return socket.AppendLocal(b, c.fd) }

// The beginning and the end of a connection.

// resetOnClose makes the coming close a reset, for a peer that would take a FIN for the end of a body.
func (c *conn) resetOnClose() { socket.ResetOnClose(c.fd) }

// closeSocket closes the socket, if there is one. The slot is still to be given back.
func (c *conn) closeSocket() {
	if c.fd >= 0 {
		socket.Close(c.fd)
	}
}

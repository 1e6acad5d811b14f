package lbproxy

import (
	"log/slog"

	"golang.org/x/sys/unix"
)

// The shares of the container's memory. The rest is the workers'. docs/limits.md has the arithmetic.
const (
	// bufferShare: an eighth of the memory may be in buffers before new requests are refused.
	bufferShare = 8
	// connectionShare: another eighth may be in clients' connections as such, connectionBytes each: a socket costs the kernel
	// 3.7 KB, and us a tenth of a kilobyte.
	connectionShare = 8
	connectionBytes = 4 << 10
	// clientsMin are served whatever the arithmetic says.
	clientsMin = 16
	// descriptorsReserved are for all that is neither a client nor a worker: listeners, epoll, logs, the link.
	descriptorsReserved = 32
)

// How much one read may bring, by how much of the buffers' budget is used. A read is the unit by which an exchange can
// overshoot, so it shrinks as the rest does.
const (
	leanReadBytes = 16 << 10
	fullReadBytes = 4 << 10
)

// clientsMax is how many clients each loop takes: half of the descriptors, as every client may need a worker's connection
// beside its own, and what memory allows.
func clientsMax(o *Options, descriptors uint64) int {
	n := (int64(min(descriptors, 1<<30)) - descriptorsReserved) / 2
	if o.MemoryMax > 0 {
		n = min(n, o.MemoryMax/connectionShare/connectionBytes)
	}
	return int(max(n, clientsMin)) / o.Loops
}

// buffersMax is how many bytes of buffers each loop may use; 0 is no limit.
func buffersMax(o *Options) int64 { return o.MemoryMax / bufferShare / int64(o.Loops) }

// descriptorLimit is what this process may have open; man 2 getrlimit.
func descriptorLimit() uint64 {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 1024 // every system's least
	}
	return limit.Cur
}

// pressure is how near the buffers are to their budget.
type pressure uint8

const (
	pressureNone pressure = iota
	pressureLean          // beyond half: small reads, no body is held, and a worker is read only when its client has taken all
	pressureFull          // beyond all of it: the smallest reads, and no new request
)

func (p *buffers) pressure() pressure {
	switch {
	case p.budget == 0 || p.used <= p.budget/2:
		return pressureNone
	case p.used <= p.budget:
		return pressureLean
	default:
		return pressureFull
	}
}

// readRoom is the most that one read of a body or an answer takes now.
func (l *loop) readRoom() int {
	switch l.buffers.pressure() {
	case pressureLean:
		return leanReadBytes
	case pressureFull:
		return fullReadBytes
	default:
		return scratchBytes
	}
}

// pendingMax is how much of an answer may wait for a slow client while its worker is read on.
func (l *loop) pendingMax() int {
	if l.buffers.pressure() != pressureNone {
		return 0
	}
	return pendingBytesMax
}

// holdMax is how much of a request's body is held before a worker is chosen.
func (l *loop) holdMax() int {
	if l.buffers.pressure() != pressureNone {
		return 0
	}
	return l.options.ClientBodyBufferSize
}

// mayAccept tells whether another client may come: there is room for it, or one that is idle can go. While the front door
// stops everybody in the queue is still taken in.
func (l *loop) mayAccept() bool {
	if l.draining || l.clients < l.clientsMax {
		return true
	}
	_, idle := l.timers.Oldest(timerKeepalive)
	return idle
}

// shedIdle closes the client's connection that has been idle longest, and reports whether there was one. Its client opens
// another when it has something to ask, as it has to be ready for in any case (RFC 9112 section 9.5).
func (l *loop) shedIdle() bool {
	slot, ok := l.timers.Oldest(timerKeepalive)
	if !ok {
		return false
	}
	l.closeConn(l.conns.at(slot))
	return true
}

// warnPaused says once in a while that clients have to wait in the kernel's queue.
func (l *loop) warnPaused(why string) {
	if l.warnedPaused != 0 && l.now-l.warnedPaused < complaintMillis {
		return
	}
	l.warnedPaused = l.now
	l.proxy.events.offer(event{level: slog.LevelWarn, message: "accept paused", reason: why, side: sideInternal})
}

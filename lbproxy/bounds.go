package lbproxy

import "percore/lbproxy/buffer"

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
// beside its own, and what memory allows. It bounds the connections to workers, too: for a further one a kept one goes.
func clientsMax(o *Options, descriptors uint64) int {
	n := (int64(min(descriptors, 1<<30)) - descriptorsReserved) / 2
	if o.MemoryMax > 0 {
		n = min(n, o.MemoryMax/connectionShare/connectionBytes)
	}
	return int(max(n, clientsMin)) / o.Loops
}

// buffersMax is how many bytes of buffers each loop may use; 0 is no limit.
func buffersMax(o *Options) int64 { return o.MemoryMax / bufferShare / int64(o.Loops) }

// readRoom is the most that one read of a body or an answer takes now.
func (l *loop) readRoom() int {
	switch l.buffers.Pressure() {
	case buffer.Lean:
		if l.buffers.IsTight() {
			return fullReadBytes
		}
		return leanReadBytes
	case buffer.Full:
		return fullReadBytes
	default:
		return buffer.ScratchBytes
	}
}

// pendingMax is how much of an answer may wait for a slow client while its worker is read on.
func (l *loop) pendingMax() int {
	if l.buffers.Pressure() != buffer.None {
		return 0
	}
	return pendingBytesMax
}

// holdMax is how much of a request's body is held before a worker is chosen: under pressure no more than fits beside its head. A
// worker's connection would cost as much, and a client that sends no more would occupy it.
func (x *exchange) holdMax() int {
	l := x.loop
	if l.buffers.Pressure() != buffer.None {
		return max(0, min(l.options.ClientBodyBufferSize, cap(x.request.b)-x.request.bodyAt-len(crlf)))
	}
	return l.options.ClientBodyBufferSize
}

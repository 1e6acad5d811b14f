package balance

import (
	"sync/atomic"
	"time"

	"percore/lbproxy/socket"
)

// Backend is one incarnation of a worker, shared by all loops. The padding keeps the counters of two workers
// off one cache line, and what is only read off the line that every request writes.
type Backend struct {
	Endpoint
	Destination *socket.Address
	Known       time.Time // when it was first heard of

	_           [64]byte
	inFlight    atomic.Int64  // requests that it has now
	tunnels     atomic.Int64  // upgraded connections that it has now; they are no requests any more
	served      atomic.Uint64 // requests that it was given
	requestsMax atomic.Uint64 // after how many of them PID 1 wants to know; 0 is never
	condition   atomic.Uint32 // see outlier.go
	failures    atomic.Int32  // connects and answers that failed since the last answer
	upSince     atomic.Int64  // when it was first found up, in milliseconds on the loops' clock; 0 is not yet
	probeAt     atomic.Int64  // when it may be tried again after it was taken out
	probeMillis atomic.Int64  // how long it was to wait for that
	Hasty       atomic.Bool   // it ends kept connections soon after an answer, without saying so; reuse.go
	Chatty      atomic.Bool   // it has said something that nobody asked for; reuse.go
	_           [64]byte
}

// claim takes a place at t for one request, if it then has no more than limit; 0 is no limit.
func (t *Backend) claim(limit int64) bool {
	if limit == 0 {
		t.inFlight.Add(1)
		return true
	}
	for {
		n := t.inFlight.Load()
		if n >= limit {
			return false
		}
		if t.inFlight.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// Release gives the place of a request back.
func (t *Backend) Release() { t.inFlight.Add(-1) }

// hasRoom tells whether a claim would succeed just now.
func (t *Backend) hasRoom(limit int64) bool { return limit == 0 || t.inFlight.Load() < limit }

// Count counts a request that t is given. It reports whether this is the one that exhausts t.
func (t *Backend) Count() bool { return t.served.Add(1) == t.requestsMax.Load() }

// Load is how many requests and tunnels t has.
func (t *Backend) Load() int64 { return t.inFlight.Load() + t.tunnels.Load() }

// InFlight is how many requests t has now.
func (t *Backend) InFlight() int64 { return t.inFlight.Load() }

// Tunnels is how many upgraded connections t has now.
func (t *Backend) Tunnels() int64 { return t.tunnels.Load() }

// Served is how many requests t was given.
func (t *Backend) Served() uint64 { return t.served.Load() }

// IsExhausted reports whether t has had as many requests as PID 1 wants it to have.
func (t *Backend) IsExhausted() bool {
	most := t.requestsMax.Load()
	return most > 0 && t.served.Load() >= most
}

// BecomeTunnel turns one of t's requests into a tunnel. In between it counts as both, so that t never looks idle.
func (t *Backend) BecomeTunnel() {
	t.tunnels.Add(1)
	t.inFlight.Add(-1)
}

// EndTunnel ends one of t's tunnels.
func (t *Backend) EndTunnel() { t.tunnels.Add(-1) }

package balance

import (
	"sync/atomic"
	"time"

	"percore/lbproxy/socket"
)

// Backend is one incarnation of a worker, which all loops share. The padding keeps the counters of two
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
	failures    atomic.Int32  // connects and responses that failed since the last response
	upSince     atomic.Int64  // when it was first found up, in milliseconds on the loops' clock; 0 is not yet
	probeAt     atomic.Int64  // when it may be tried again after it was taken out
	probeMillis atomic.Int64  // how long it was to wait for that
	Hasty       atomic.Bool   // it ends kept connections soon after a response, without saying so; see lbproxy/pool.go
	Chatty      atomic.Bool   // it has said something unasked; see lbproxy/pool.go
	_           [64]byte
}

// claim takes a place at b for one request, if it then has no more than limit; 0 is no limit.
func (b *Backend) claim(limit int64) bool {
	if limit == 0 {
		b.inFlight.Add(1)
		return true
	}
	for {
		n := b.inFlight.Load()
		if n >= limit {
			return false
		}
		if b.inFlight.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// Release gives the place of a request back.
func (b *Backend) Release() { b.inFlight.Add(-1) }

// hasRoom reports whether a claim would succeed just now.
func (b *Backend) hasRoom(limit int64) bool { return limit == 0 || b.inFlight.Load() < limit }

// Count counts a request that b is given. It reports whether this is the one that exhausts b.
func (b *Backend) Count() bool { return b.served.Add(1) == b.requestsMax.Load() }

// Load is how many requests and tunnels b has.
func (b *Backend) Load() int64 { return b.inFlight.Load() + b.tunnels.Load() }

// InFlight is how many requests b has now.
func (b *Backend) InFlight() int64 { return b.inFlight.Load() }

// Tunnels is how many upgraded connections b has now.
func (b *Backend) Tunnels() int64 { return b.tunnels.Load() }

// Served is how many requests b was given.
func (b *Backend) Served() uint64 { return b.served.Load() }

// IsExhausted reports whether b has had as many requests as PID 1 wants it to have.
func (b *Backend) IsExhausted() bool {
	most := b.requestsMax.Load()
	return most > 0 && b.served.Load() >= most
}

// BecomeTunnel turns one of b's requests into a tunnel. In between it counts as both, so that b never looks idle.
func (b *Backend) BecomeTunnel() {
	b.tunnels.Add(1)
	b.inFlight.Add(-1)
}

// EndTunnel ends one of b's tunnels.
func (b *Backend) EndTunnel() { b.tunnels.Add(-1) }

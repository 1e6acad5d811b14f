package lbproxy

import (
	"time"

	"percore/lbproxy/balance"
)

// Snapshot is the whole wanted state of the front door. Applying one twice changes nothing, and a later one
// replaces an earlier one.
type Snapshot struct {
	Seq       uint64 // grows with each change
	Endpoints []balance.Endpoint
	Drain     bool          // accept what has already arrived, then no more; every answer ends its connection
	Sole      bool          // no other process holds the listening sockets any more; with Drain they are closed, once settled
	Settle    time.Duration // with Drain: how long handshakes that have begun are waited for at most; 0 is a second
	Ask       uint64        // when it is not 0, reports say it again and carry Figures as of its last change
}

// wanted is a snapshot made ready for the loops, which only read it.
type wanted struct {
	seq   uint64
	ask   uint64
	drain bool
	sole  bool
	table *balance.Table
}

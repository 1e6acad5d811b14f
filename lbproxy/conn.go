package lbproxy

import "percore/lbproxy/client"

// kind says which of the state machines owns a connection.
type kind uint8

const (
	kindFree       kind = iota
	kindListener        // a listening socket
	kindDownstream      // a client
	kindUpstream        // a worker
)

// connState is what a connection is for now. How far a request and its response are is their exchange's to say. The
// comments name the timer class that is armed meanwhile.
type connState uint8

const (
	stateNone       connState = iota // a free slot, or a listener's
	stateProxy                       // downstream: the PROXY header, which names the client, is awaited (timerProxy)
	stateIdle                        // downstream: between requests (timerHeader at first, then timerKeepalive)
	stateOpen                        // downstream: has an exchange (timerHeader during its head, then clientend.go)
	stateLinger                      // downstream: all is said; what still arrives is thrown away (timerLinger)
	stateConnecting                  // upstream: connect has not finished (timerConnect)
	stateBusy                        // upstream: serves an exchange (timerRead; timerWorkerSend while it takes nothing)
	statePooled                      // upstream: idle in the pool (timerPooled)
	stateTunnel                      // both: bytes pass unread (timerTunnel, then timerHalfClosed)
	connStates
)

var connStateNames = [connStates]string{
	"none", "proxy", "idle", "open", "linger", "connecting", "busy", "pooled", "tunnel",
}

// String is the state as docs/exchange.md has it.
func (s connState) String() string { return connStateNames[s] }

// connFlags are facts about a connection that its state does not say. What its socket told is in transport.go.
type connFlags uint8

const (
	flagQueued     connFlags = 1 << iota // is in the run queue already
	flagReused                           // upstream: has served an exchange before this one
	flagHalfClosed                       // downstream: the FIN came right behind the request, so it is no abort; leave.go
	flagLateFIN                          // downstream: the FIN came later, so the client counts as one that leaves
	flagTrusted                          // downstream: a proxy whose word about the client counts
)

const noSlot = int32(-1)

// conn is one socket. It has no pointers, so that the garbage collector never looks at the table of them, and
// an idle one owns no buffer: what it costs is this struct and its timer.
type conn struct {
	slot        int32
	fd          int32
	generation  uint32 // counts the sockets that the slot has held; part of every epoll token
	exchange    int32  // index into loop.exchanges, or noSlot
	kind        kind
	state       connState
	flags       connFlags
	facts       facts
	next        int32       // free list or pool
	prev        int32       // pool
	service     uint16      // upstream: of its worker
	endpoint    uint16      // upstream: index of its worker
	incarnation uint64      // upstream: of its worker
	since       int64       // milliseconds: downstream, of the whole request, or of lingering; upstream, by loop.steady, of its last response's end
	born        int64       // upstream: milliseconds by loop.steady, when it was opened
	idleMillis  int32       // upstream: for how long its worker keeps it idle, as far as it says so; 0 = not
	uses        uint16      // upstream: requests that it has carried
	asked       uint32      // upstream: the loop's turn in which it was given the last bytes of its request that it has
	peer        client.Peer // downstream: the client, or the one that a trusted balancer named
}

func (c *conn) has(f connFlags) bool { return c.flags&f != 0 }

// ref names a connection that may be gone by the time that it is looked for: slab.find knows.
type ref struct {
	slot       int32
	generation uint32
}

func (c *conn) ref() ref { return ref{c.slot, c.generation} }

// slabConns is how many connections a chunk of the table holds.
const slabConns = 1024

// slab is the table of a loop's connections: chunks that never move, so that a *conn stays valid.
type slab struct {
	chunks []*[slabConns]conn
	free   int32
}

func (s *slab) at(slot int32) *conn { return &s.chunks[slot/slabConns][slot%slabConns] }

// find returns the connection that r names, nil when its socket is closed: the slot has another generation then.
func (s *slab) find(r ref) *conn {
	if c := s.at(r.slot); c.generation == r.generation {
		return c
	}
	return nil
}

// size is the number of slots that exist.
func (s *slab) size() int { return len(s.chunks) * slabConns }

// take gives a free slot to fd. It reports whether the table grew.
func (s *slab) take(fd int32, k kind) (c *conn, grew bool) {
	if len(s.chunks) == 0 || s.free == noSlot {
		s.grow()
		grew = true
	}
	c = s.at(s.free)
	s.free = c.next
	*c = conn{slot: c.slot, fd: fd, generation: c.generation, exchange: noSlot, kind: k, next: noSlot, prev: noSlot}
	return c, grew
}

// give takes a slot back. Events that are still on their way to it no longer match its generation.
func (s *slab) give(c *conn) {
	*c = conn{slot: c.slot, fd: -1, generation: c.generation + 1, exchange: noSlot, next: s.free, prev: noSlot}
	s.free = c.slot
}

func (s *slab) grow() {
	chunk := new([slabConns]conn)
	base := int32(s.size())
	for i := range chunk {
		chunk[i] = conn{slot: base + int32(i), fd: -1, next: base + int32(i) + 1, exchange: noSlot, prev: noSlot}
	}
	chunk[slabConns-1].next = noSlot
	s.chunks = append(s.chunks, chunk)
	s.free = base
}

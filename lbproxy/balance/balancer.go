package balance

import (
	"encoding/binary"
	"slices"
)

// Method is how a worker is chosen for a request.
type Method string

// The balancing methods, by nginx's names.
const (
	LeastConn  Method = "least_conn"  // the worker with the fewest requests in flight; ties take turns
	RoundRobin Method = "round_robin" // each ready worker in turn
	IPHash     Method = "ip_hash"     // the same worker for the same client address
	Random     Method = "random"      // of two at random the one with fewer requests in flight
)

// IsKnown reports whether there is such a method.
func (m Method) IsKnown() bool {
	return slices.Contains([]Method{LeastConn, RoundRobin, IPHash, Random}, m)
}

// Balancer is one loop's end of a service: it chooses workers for the loop's requests. The counts that it goes by, and the turn of
// round_robin, are shared by all loops.
type Balancer struct {
	service  *Service
	box      *Mailbox // of the loop
	method   Method
	limit    int64  // requests that a worker gets at once; 0 is no limit
	random   uint64 // state of the random numbers; never 0
	searches uint32 // least_conn: each starts at another worker, so that ties take turns

	// The search that is going on.
	now   int64
	reach reach
	seen  sighting
}

// reach is how far a search goes.
type reach uint8

const (
	reachWell  reach = iota // workers that are well
	reachFresh              // and those that are not warm yet
	reachAll                // and those that are taken out: better than nobody
)

// sighting is whom a search has passed over.
type sighting struct {
	full  bool     // a worker that would do but has no room
	out   bool     // one that is taken out
	fresh *Backend // the least busy of those that are not warm yet
}

// NewBalancer makes the end of s of the loop with this number, whose mailbox box is.
func NewBalancer(s *Service, box *Mailbox, loop int) Balancer {
	return Balancer{service: s, box: box, searches: uint32(loop), random: uint64(loop) + 1}
}

// Configure sets by which method workers are chosen from now on, and how many requests each gets at once; 0 is no limit.
func (b *Balancer) Configure(method Method, limit int) { b.method, b.limit = method, int64(limit) }

// Choose takes a place for w at one of the workers in t that it has not tried. It returns nil when there is none now.
func (b *Balancer) Choose(t *Table, w *Waiter, now int64) *Backend {
	repeats := w.Repeat && !w.repeating
	if t == nil || repeats && !b.service.takeRepeat(t) {
		return nil
	}
	place := b.choose(t, w, now)
	switch {
	case !repeats:
	case place != nil:
		w.repeating = true
	default:
		b.service.repeats.Add(-1)
	}
	return place
}

// choose takes a place for w, whose repeat has been counted.
func (b *Balancer) choose(t *Table, w *Waiter, now int64) *Backend {
	if len(t.backends) == 0 {
		return nil
	}
	b.now = now
	b.searches++
	for {
		best := b.search(t, w)
		if best == nil || best.claim(b.limit) {
			return best
		}
		// Another loop was faster; it is the only one that can be, once for each place.
	}
}

// search finds a worker that is well; one that is out where that is due to be tried; one that is not warm yet when its turn has
// come or nobody else has room; and one that is out when all are.
func (b *Balancer) search(t *Table, w *Waiter) *Backend {
	b.seen = sighting{}
	best := b.find(t, w, reachWell)
	if b.seen.out {
		if due := b.dueProbe(t, w); due != nil {
			return due
		}
	}
	if fresh := b.seen.fresh; fresh != nil {
		if best == nil {
			best = b.find(t, w, reachFresh)
		} else if freshTurn(b.searches, len(t.backends), fresh.warmth(b.now)) && fresh.Load() <= best.Load() {
			best = fresh
		}
	}
	if best == nil && b.seen.out && !b.seen.full {
		best = b.find(t, w, reachAll)
	}
	return best
}

func (b *Balancer) find(t *Table, w *Waiter, reach reach) *Backend {
	b.reach = reach
	switch b.method {
	case RoundRobin:
		return b.next(t, w)
	case IPHash:
		return b.home(t, w)
	case Random:
		return b.lessOfTwo(t, w)
	default:
		return b.least(t, w)
	}
}

// may tells whether the worker at this index can be chosen now, and remembers why not.
func (b *Balancer) may(t *Table, index int, w *Waiter) bool {
	if t.states[index] != Up || w.tried.has(index) {
		return false
	}
	e := t.backends[index]
	state := e.condition.Load()
	if !e.hasRoom(b.limit) {
		b.seen.full = b.seen.full || state != conditionOut
		return false
	}
	switch {
	case state == conditionWell:
		return true
	case state == conditionOut:
		b.seen.out = true
		return b.reach == reachAll
	case b.reach >= reachFresh || e.warmth(b.now) == 1000:
		return true
	case b.seen.fresh == nil || e.Load() < b.seen.fresh.Load():
		b.seen.fresh = e
	}
	return false
}

// dueProbe is a worker that was taken out and is to be tried by this request.
func (b *Balancer) dueProbe(t *Table, w *Waiter) *Backend {
	for i, e := range t.backends {
		if t.states[i] == Up && !w.tried.has(i) && e.hasRoom(b.limit) && e.takeProbe(b.now) {
			return e
		}
	}
	return nil
}

// AnyFree tells whether there is a place at any worker. One that is out counts when all are.
func (b *Balancer) AnyFree(t *Table) bool {
	if t == nil {
		return false
	}
	wellOnes, lastResort := false, false
	for i, e := range t.backends {
		if t.states[i] != Up {
			continue
		}
		switch room := e.hasRoom(b.limit); {
		case e.IsOut():
			lastResort = lastResort || room
		case room:
			return true
		default:
			wellOnes = true
		}
	}
	return lastResort && !wellOnes
}

// least is the worker with the fewest requests.
func (b *Balancer) least(t *Table, w *Waiter) *Backend {
	var best *Backend
	var fewest int64
	index := int(b.searches % uint32(len(t.backends)))
	for range t.backends {
		if b.may(t, index, w) {
			if n := t.backends[index].Load(); best == nil || n < fewest {
				best, fewest = t.backends[index], n
			}
		}
		if index++; index == len(t.backends) {
			index = 0
		}
	}
	return best
}

// next is the worker whose turn it is. A loop that finds that another has just taken that turn looks for the next.
func (b *Balancer) next(t *Table, w *Waiter) *Backend {
	for {
		turn := b.service.turn.Load()
		found := -1
		for i := range t.backends {
			// To the end, for the sake of what it remembers.
			if index := (int(turn) + 1 + i) % len(t.backends); b.may(t, index, w) && found < 0 {
				found = index
			}
		}
		if found < 0 {
			return nil
		}
		if b.service.turn.CompareAndSwap(turn, uint32(found)) {
			return t.backends[found]
		}
	}
}

// home is the worker that this client always gets: of all that are up the one with the highest score for it (rendezvous
// hashing), so that the clients of one that goes are spread over the others and come back with it. The score is the slot's, not
// the process's. With a limit a client waits for its worker, even where another is free; a worker that is not warm yet has its
// own clients all the same.
func (b *Balancer) home(t *Table, w *Waiter) *Backend {
	var best *Backend
	var highest uint64
	key := hashClient(&w.Client)
	for index := range t.backends {
		e := t.backends[index]
		if t.states[index] != Up || w.tried.has(index) {
			continue
		}
		if e.IsOut() && b.reach != reachAll {
			b.seen.out = true
			continue
		}
		if score := mix(key ^ mix(uint64(index)+1)); best == nil || score > highest {
			best, highest = e, score
		}
	}
	if best != nil && !best.hasRoom(b.limit) {
		b.seen.full = true
		return nil
	}
	return best
}

// lessOfTwo is the one with fewer requests of two workers chosen at random.
func (b *Balancer) lessOfTwo(t *Table, w *Waiter) *Backend {
	var pair [2]*Backend
	seen := uint64(0)
	for index := range t.backends {
		if !b.may(t, index, w) {
			continue
		}
		// A sample of two, each worker with the same chance.
		if at := b.draw(seen + 1); seen < 2 {
			pair[seen] = t.backends[index]
		} else if at < 2 {
			pair[at] = t.backends[index]
		}
		seen++
	}
	first, second := pair[0], pair[1]
	if second == nil {
		return first
	}
	if n, m := first.Load(), second.Load(); m < n || m == n && b.draw(2) == 0 {
		return second
	}
	return first
}

// draw returns a number below n, by xorshift; balancing needs nothing better.
func (b *Balancer) draw(n uint64) uint64 {
	b.random ^= b.random << 13
	b.random ^= b.random >> 7
	b.random ^= b.random << 17
	return (b.random >> 32) % n
}

// hashClient is the same number for the same address at all times.
func hashClient(address *[16]byte) uint64 {
	high, low := binary.BigEndian.Uint64(address[:8]), binary.BigEndian.Uint64(address[8:])
	return mix(high) ^ low
}

// mix spreads every bit of n over all of the result (the finalizer of MurmurHash3).
func mix(n uint64) uint64 {
	n ^= n >> 33
	n *= 0xff51afd7ed558ccd
	n ^= n >> 33
	n *= 0xc4ceb9fe1a85ec53
	return n ^ n>>33
}

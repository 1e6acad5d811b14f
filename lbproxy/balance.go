package lbproxy

import (
	"encoding/binary"
	"sync/atomic"
)

// balancer chooses workers for one loop. The counts that it goes by, and the turn of round_robin, are shared by all loops.
type balancer struct {
	method   Balance
	limit    int64          // requests that a worker gets at once; 0 is no limit
	shared   *atomic.Uint32 // round_robin: the worker that had its turn last
	random   uint64         // state of the random numbers; never 0
	searches uint32         // least_conn: each starts at another worker, so that ties take turns

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
	full  bool    // a worker that would do but has no room
	out   bool    // one that is taken out
	fresh *target // the least busy of those that are not warm yet
}

// choose takes a place for a request from client, at none of the workers in tried. It returns nil when there is none now.
func (b *balancer) choose(t *table, tried *endpointSet, client *peer, now int64) *target {
	if t == nil || len(t.target) == 0 {
		return nil
	}
	b.now = now
	b.searches++
	for {
		best := b.search(t, tried, client)
		if best == nil || best.claim(b.limit) {
			return best
		}
		// Another loop was faster; it is the only one that can be, once for each place.
	}
}

// search finds a worker that is well; one that is out where that is due to be tried; one that is not warm yet when its turn has
// come or nobody else has room; and one that is out when all are.
func (b *balancer) search(t *table, tried *endpointSet, client *peer) *target {
	b.seen = sighting{}
	best := b.find(t, tried, client, reachWell)
	if b.seen.out {
		if due := b.dueProbe(t, tried); due != nil {
			return due
		}
	}
	if fresh := b.seen.fresh; fresh != nil {
		if best == nil {
			best = b.find(t, tried, client, reachFresh)
		} else if freshTurn(b.searches, len(t.target), fresh.warmth(b.now)) && fresh.load() <= best.load() {
			best = fresh
		}
	}
	if best == nil && b.seen.out && !b.seen.full {
		best = b.find(t, tried, client, reachAll)
	}
	return best
}

func (b *balancer) find(t *table, tried *endpointSet, client *peer, reach reach) *target {
	b.reach = reach
	switch b.method {
	case RoundRobin:
		return b.next(t, tried)
	case IPHash:
		return b.home(t, tried, client)
	case Random:
		return b.lessOfTwo(t, tried)
	default:
		return b.least(t, tried)
	}
}

// may tells whether the worker at this index can be chosen now, and remembers why not.
func (b *balancer) may(t *table, index int, tried *endpointSet) bool {
	if t.states[index] != Up || tried.has(index) {
		return false
	}
	e := t.target[index]
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
	case b.seen.fresh == nil || e.load() < b.seen.fresh.load():
		b.seen.fresh = e
	}
	return false
}

// dueProbe is a worker that was taken out and is to be tried by this request.
func (b *balancer) dueProbe(t *table, tried *endpointSet) *target {
	for i, e := range t.target {
		if t.states[i] == Up && !tried.has(i) && e.hasRoom(b.limit) && e.takeProbe(b.now) {
			return e
		}
	}
	return nil
}

// anyFree tells whether there is a place at any worker. One that is out counts when all are.
func (b *balancer) anyFree(t *table) bool {
	if t == nil {
		return false
	}
	wellOnes, lastResort := false, false
	for i, e := range t.target {
		if t.states[i] != Up {
			continue
		}
		switch room := e.hasRoom(b.limit); {
		case e.isOut():
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
func (b *balancer) least(t *table, tried *endpointSet) *target {
	var best *target
	var fewest int64
	index := int(b.searches % uint32(len(t.target)))
	for range t.target {
		if b.may(t, index, tried) {
			if n := t.target[index].load(); best == nil || n < fewest {
				best, fewest = t.target[index], n
			}
		}
		if index++; index == len(t.target) {
			index = 0
		}
	}
	return best
}

// next is the worker whose turn it is. A loop that finds that another has just taken that turn looks for the next.
func (b *balancer) next(t *table, tried *endpointSet) *target {
	for {
		turn := b.shared.Load()
		found := -1
		for i := range t.target {
			// To the end, for the sake of what it remembers.
			if index := (int(turn) + 1 + i) % len(t.target); b.may(t, index, tried) && found < 0 {
				found = index
			}
		}
		if found < 0 {
			return nil
		}
		if b.shared.CompareAndSwap(turn, uint32(found)) {
			return t.target[found]
		}
	}
}

// home is the worker that this client always gets: of all that are up the one with the highest score for it (rendezvous
// hashing), so that the clients of one that goes are spread over the others and come back with it. The score is the slot's, not
// the process's. With a limit a client waits for its worker, even where another is free; a worker that is not warm yet has its
// own clients all the same.
func (b *balancer) home(t *table, tried *endpointSet, client *peer) *target {
	var best *target
	var highest uint64
	key := hashClient(client)
	for index := range t.target {
		e := t.target[index]
		if t.states[index] != Up || tried.has(index) {
			continue
		}
		if e.isOut() && b.reach != reachAll {
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
func (b *balancer) lessOfTwo(t *table, tried *endpointSet) *target {
	var pair [2]*target
	seen := uint64(0)
	for index := range t.target {
		if !b.may(t, index, tried) {
			continue
		}
		// A sample of two, each worker with the same chance.
		if at := b.draw(seen + 1); seen < 2 {
			pair[seen] = t.target[index]
		} else if at < 2 {
			pair[at] = t.target[index]
		}
		seen++
	}
	first, second := pair[0], pair[1]
	if second == nil {
		return first
	}
	if n, m := first.load(), second.load(); m < n || m == n && b.draw(2) == 0 {
		return second
	}
	return first
}

// draw returns a number below n, by xorshift; balancing needs nothing better.
func (b *balancer) draw(n uint64) uint64 {
	b.random ^= b.random << 13
	b.random ^= b.random >> 7
	b.random ^= b.random << 17
	return (b.random >> 32) % n
}

// hashClient is the same number for the same address at all times.
func hashClient(client *peer) uint64 {
	high, low := binary.BigEndian.Uint64(client.address[:8]), binary.BigEndian.Uint64(client.address[8:])
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

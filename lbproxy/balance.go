package lbproxy

import (
	"encoding/binary"
	"sync/atomic"
)

// balancer chooses workers for one loop. The counts that it goes by, and the turn of round_robin, are shared by all loops.
type balancer struct {
	method Balance
	limit  int64          // requests that a worker gets at once; 0 is no limit
	shared *atomic.Uint32 // round_robin: the worker that had its turn last
	turn   uint32         // least_conn: where the next search starts, so that ties take turns
	random uint64         // state of the random numbers; never 0
}

// choose takes a place for a request from client, at none of the workers in tried. It returns nil when there is none now.
func (b *balancer) choose(t *table, tried *endpointSet, client *peer) *target {
	if t == nil || len(t.target) == 0 {
		return nil
	}
	for {
		best := b.find(t, tried, client)
		if best == nil || best.claim(b.limit) {
			return best
		}
		// Another loop was faster; it is the only one that can be, once for each place.
	}
}

func (b *balancer) find(t *table, tried *endpointSet, client *peer) *target {
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

// may tells whether the worker at this index can be chosen.
func (b *balancer) may(t *table, index int, tried *endpointSet) bool {
	return t.states[index] == Up && !tried.has(index) && t.target[index].hasRoom(b.limit)
}

// anyFree tells whether there is a place at any worker.
func (b *balancer) anyFree(t *table) bool {
	if t == nil {
		return false
	}
	for i := range t.target {
		if t.states[i] == Up && t.target[i].hasRoom(b.limit) {
			return true
		}
	}
	return false
}

// least is the worker with the fewest requests.
func (b *balancer) least(t *table, tried *endpointSet) *target {
	var best *target
	var fewest int64
	b.turn++
	index := int(b.turn % uint32(len(t.target)))
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
			if index := (int(turn) + 1 + i) % len(t.target); b.may(t, index, tried) {
				found = index
				break
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
// the process's. With a limit a client waits for its worker, even where another is free.
func (b *balancer) home(t *table, tried *endpointSet, client *peer) *target {
	var best *target
	var highest uint64
	key := hashClient(client)
	for index := range t.target {
		if t.states[index] != Up || tried.has(index) {
			continue
		}
		if score := mix(key ^ mix(uint64(index)+1)); best == nil || score > highest {
			best, highest = t.target[index], score
		}
	}
	if best != nil && !best.hasRoom(b.limit) {
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

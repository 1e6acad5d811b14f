package balance

import "encoding/binary"

// Method is how a backend is chosen for a request.
type Method string

// The balancing methods, by nginx's names.
const (
	LeastConn  Method = "least_conn"  // the backend with the fewest requests in flight; ties take turns
	RoundRobin Method = "round_robin" // each ready backend in turn
	IPHash     Method = "ip_hash"     // the same backend for the same client address
	Random     Method = "random"      // of two at random the one with fewer requests in flight
)

// pick finds a backend in t for w, nil where none has a place within b.reach. It asks [Balancer.may] of each that it
// could take.
type pick func(b *Balancer, t *Table, w *Waiter) *Backend

// methods has a row for each method.
var methods = [...]struct {
	name Method
	pick pick
}{
	{LeastConn, (*Balancer).least},
	{RoundRobin, (*Balancer).next},
	{IPHash, (*Balancer).home},
	{Random, (*Balancer).lessOfTwo},
}

// pick is how m picks, nil for a method that is not known.
func (m Method) pick() pick {
	for i := range methods {
		if methods[i].name == m {
			return methods[i].pick
		}
	}
	return nil
}

// IsKnown reports whether there is such a method.
func (m Method) IsKnown() bool { return m.pick() != nil }

// least picks the backend with the fewest requests.
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

// next picks the backend whose turn it is. A loop that finds that another has just taken that turn looks for the
// next.
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

// home picks the backend that this client always gets: of all that are up the one with the highest score for it
// (rendezvous hashing), so that the clients of one that goes are spread over the others and come back with it. The
// score is the slot's, not the process's. With a limit a client waits for its backend, even where another is free; a
// backend that is not warm yet has its own clients all the same.
func (b *Balancer) home(t *Table, w *Waiter) *Backend {
	var best *Backend
	var highest uint64
	key := hashClient(&w.Client)
	for index, backend := range t.backends {
		if t.states[index] != Up || w.tried.has(index) {
			continue
		}
		if backend.IsOut() && b.reach != reachAll {
			b.seen.out = true
			continue
		}
		if score := mix(key ^ mix(uint64(index)+1)); best == nil || score > highest {
			best, highest = backend, score
		}
	}
	if best != nil && !best.hasRoom(b.limit) {
		b.seen.full = true
		return nil
	}
	return best
}

// lessOfTwo picks the one with fewer requests of two backends chosen at random.
func (b *Balancer) lessOfTwo(t *Table, w *Waiter) *Backend {
	var pair [2]*Backend
	seen := uint64(0)
	for index := range t.backends {
		if !b.may(t, index, w) {
			continue
		}
		// A sample of two, each backend with the same chance.
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

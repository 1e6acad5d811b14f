package lbproxy

// balancer chooses workers for one loop. Counts are shared by the loops; the turn is the loop's own.
type balancer struct {
	method Balance
	turn   int // where the next search starts, so that ties take turns
}

// pick returns the worker for the next request, or nil when none is up that is not in tried.
func (b *balancer) pick(t *table, tried *endpointSet) *target {
	if t == nil || len(t.target) == 0 {
		return nil
	}
	b.turn++
	var best *target
	var least int64
	for i := range t.target {
		index := (b.turn + i) % len(t.target)
		if t.states[index] != Up || tried.has(index) {
			continue
		}
		candidate := t.target[index]
		if b.method == RoundRobin {
			b.turn = index
			return candidate
		}
		if n := candidate.load(); best == nil || n < least {
			best, least = candidate, n
		}
	}
	return best
}

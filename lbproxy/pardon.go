package lbproxy

// pardonsMax bounds how often the death of a worker is not held against a request that was with it: a kill that only looks
// like one from outside, such as one for memory that nobody reports, must not go through all workers again and again.
const pardonsMax = 3

// suspect notes that t died while it had x, and so perhaps of x.
func (x *exchange) suspect(t *target) {
	x.deaths = 1
	x.deathIndex, x.deathIncarnation = t.Index, t.Incarnation
}

// isSuspect tells whether a worker may have died of x already, so that one more death is one too many. A worker that was
// killed from outside did not; PID 1 has told by the time this is asked, because it learns of a death long before the next
// worker can die of the same request.
func (x *exchange) isSuspect() bool {
	if x.deaths > 0 && x.pardons < pardonsMax && x.loop.table.wasKilled(x.deathIndex, x.deathIncarnation) {
		x.pardons++
		x.deaths = 0
	}
	return x.deaths > 0
}

// survives notes that t may have died of x, which it had over a kept connection. It is false when that is one death too many.
func (x *exchange) survives(t *target) bool {
	switch {
	case x.deaths > 0 && x.deathIndex == t.Index && x.deathIncarnation == t.Incarnation: // that one is known
	case x.isSuspect():
		return false
	default:
		x.suspect(t)
	}
	return true
}

// wasKilled tells whether that incarnation was killed from outside. Of several only the latest is known; an earlier one
// gets the benefit of the doubt, which pardonsMax bounds.
func (t *table) wasKilled(index int, incarnation uint64) bool {
	return index < len(t.killed) && t.killed[index] >= incarnation
}

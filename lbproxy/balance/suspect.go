package balance

// PardonsMax bounds how often the death of a worker is not held against a request that was with it: a kill that only looks
// like one from outside, such as one for memory that nobody reports, must not go through all workers again and again.
const PardonsMax = 3

// Suspicion is what is known of the workers that may have died of one request.
type Suspicion struct {
	deaths      uint8
	index       int // which that was
	incarnation uint64
	pardons     uint8
}

// Suspect notes that t died while it had the request, and so perhaps of it.
func (s *Suspicion) Suspect(t *Backend) {
	s.deaths = 1
	s.index, s.incarnation = t.Index, t.Incarnation
}

// IsSuspect reports whether a worker may have died of the request already, so that one more death is one too many. A worker that
// was killed from outside did not; PID 1 has told by the time this is asked, because it learns of a death long before the next
// worker can die of the same request.
func (s *Suspicion) IsSuspect(t *Table) bool {
	if s.deaths > 0 && s.pardons < PardonsMax && t.wasKilled(s.index, s.incarnation) {
		s.pardons++
		s.deaths = 0
	}
	return s.deaths > 0
}

// Survives notes that of may have died of the request, which it had over a kept connection. It is false when that is one death
// too many.
func (s *Suspicion) Survives(of *Backend, t *Table) bool {
	switch {
	case s.deaths > 0 && s.index == of.Index && s.incarnation == of.Incarnation: // that one is known
	case s.IsSuspect(t):
		return false
	default:
		s.Suspect(of)
	}
	return true
}

// wasKilled reports whether that incarnation was killed from outside. Of several only the latest is known; an earlier one
// gets the benefit of the doubt, which pardonsMax bounds.
func (t *Table) wasKilled(index int, incarnation uint64) bool {
	return index < len(t.killed) && t.killed[index] >= incarnation
}

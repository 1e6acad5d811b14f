package balance

// PardonsMax bounds how often the death of a backend is not held against a request that was with it: a kill that only
// looks like one from outside, such as one for memory that nothing reports, must not go through all backends again and
// again.
const PardonsMax = 3

// Suspicion is what is known of the backends that may have died of one request.
type Suspicion struct {
	died        bool // one may have, the latest of which is this one
	index       int
	incarnation uint64
	pardons     uint8 // deaths before it that were not held against the request
}

// Suspect notes that b died while it had the request, and so perhaps of it. A death that is noted already is pardoned
// by that.
func (s *Suspicion) Suspect(b *Backend) {
	if s.died {
		s.pardons++
	}
	s.died, s.index, s.incarnation = true, b.Index, b.Incarnation
}

// IsKnown reports whether b is the backend that is noted.
func (s *Suspicion) IsKnown(b *Backend) bool {
	return s.died && s.index == b.Index && s.incarnation == b.Incarnation
}

// IsSuspect reports whether a backend may have died of the request already, so that one more death is one too many. A
// backend that was killed from outside did not; PID 1 has told by the time this is asked, because it learns of a
// death long before the next backend can die of the same request.
func (s *Suspicion) IsSuspect(t *Table) bool {
	return s.died && (s.pardons >= PardonsMax || !t.wasKilled(s.index, s.incarnation))
}

// wasKilled reports whether that incarnation was killed from outside. Of several only the latest is known; an earlier
// one gets the benefit of the doubt, which PardonsMax bounds.
func (t *Table) wasKilled(index int, incarnation uint64) bool {
	return index < len(t.killed) && t.killed[index] >= incarnation
}

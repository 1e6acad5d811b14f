package balance

// condition is what the front door has seen of a backend.
type condition = uint32

const (
	conditionFresh condition = iota // not long up: gets a growing share of the requests, so that it can warm up
	conditionWell
	conditionOut // taken out: failed to answer several times in a row
)

const (
	// failuresMax is how many connects or responses in a row may fail before a backend is taken out. One may be bad
	// luck.
	failuresMax = 3
	// A backend that is out is tried with one request after probeMillis, then after twice as long each time.
	probeMillis    = 1_000
	probeMillisMax = 30_000
	// A backend is warm after so many requests, or after so long. Until then its share grows from a freshPart-th of a
	// fair one.
	warmRequests = 32
	warmMillis   = 2_000
	freshPart    = 4
)

// IsOut reports whether b was taken out.
func (b *Backend) IsOut() bool { return b.condition.Load() == conditionOut }

// NoteFailure counts a connect to b that failed, or a response of its that did not come, and takes b out after
// several in a row, which it reports. now is in milliseconds on a clock that all loops share.
func (s *Service) NoteFailure(b *Backend, now int64) bool {
	return b.failures.Add(1) >= failuresMax && !b.IsOut() && s.eject(b, now)
}

// NoteResponse ends a row of failures. It reports whether b is back, which was taken out.
func (b *Backend) NoteResponse() bool {
	if b.failures.Load() == 0 {
		return false
	}
	b.failures.Store(0)
	return b.condition.CompareAndSwap(conditionOut, conditionWell)
}

// eject takes a backend out, unless no other would be left, and reports whether it did. One that is not in the table
// any more is of no concern.
func (s *Service) eject(b *Backend, now int64) bool {
	s.ejecting.Lock()
	defer s.ejecting.Unlock()
	all, others := s.table.Load(), false
	if all.At(b.Index) != b {
		return false
	}
	for i, other := range all.backends {
		others = others || other != b && all.states[i] == Up && !other.IsOut()
	}
	if !others {
		return false
	}
	b.probeMillis.Store(probeMillis)
	b.probeAt.Store(now + probeMillis)
	b.condition.Store(conditionOut)
	return true
}

// takeProbe claims the right to try b, which is out, with a request. Only one loop gets it.
func (b *Backend) takeProbe(now int64) bool {
	at, wait := b.probeAt.Load(), min(2*b.probeMillis.Load(), probeMillisMax)
	if !b.IsOut() || now < at || !b.probeAt.CompareAndSwap(at, now+wait) {
		return false
	}
	b.probeMillis.Store(wait)
	return true
}

// warmth is how warm b is, in thousandths; at 1000 it stays so.
func (b *Backend) warmth(now int64) int64 {
	b.upSince.CompareAndSwap(0, now)
	warmth := max(int64(b.served.Load())*1000/warmRequests, (now-b.upSince.Load())*1000/warmMillis)
	if warmth >= 1000 {
		b.condition.CompareAndSwap(conditionFresh, conditionWell)
	}
	return min(warmth, 1000)
}

// freshTurn reports whether this search is one of those in which a backend of that warmth gets its share: one in four
// times as many as there are backends, at first.
func freshTurn(search uint32, backends int, warmth int64) bool {
	every := int64(backends) * freshPart * 1000 / (1000 + (freshPart-1)*warmth)
	return int64(search)%max(every, 1) == 0
}

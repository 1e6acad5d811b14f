package balance

// condition is what the front door has seen of a worker.
type condition = uint32

const (
	conditionFresh condition = iota // not long up: gets a growing share of the requests, so that it can warm up
	conditionWell
	conditionOut // taken out: failed to answer several times in a row
)

const (
	// failuresMax is how many connects or answers in a row may fail before a worker is taken out. One may be bad luck.
	failuresMax = 3
	// A worker that is out is tried with one request after probeMillis, then after twice as long each time.
	probeMillis    = 1_000
	probeMillisMax = 30_000
	// A worker is warm after so many requests, or after so long. Until then its share grows from a freshPart-th of a fair one.
	warmRequests = 32
	warmMillis   = 2_000
	freshPart    = 4
)

// IsOut reports whether t was taken out.
func (t *Backend) IsOut() bool { return t.condition.Load() == conditionOut }

// NoteFailure counts a connect to t that failed or an answer of its that did not come, and takes it out after several in a row,
// which it reports. now is in milliseconds on a clock that all loops share.
func (s *Service) NoteFailure(t *Backend, now int64) bool {
	return t.failures.Add(1) >= failuresMax && !t.IsOut() && s.eject(t, now)
}

// NoteAnswer ends a row of failures. It reports whether t is back that was taken out.
func (t *Backend) NoteAnswer() bool {
	if t.failures.Load() == 0 {
		return false
	}
	t.failures.Store(0)
	return t.condition.CompareAndSwap(conditionOut, conditionWell)
}

// eject takes a worker out, unless no other would be left, and reports whether it did. One that is not in the table any more is
// of no concern.
func (s *Service) eject(t *Backend, now int64) bool {
	s.ejecting.Lock()
	defer s.ejecting.Unlock()
	all, others := s.table.Load(), false
	if all.At(t.Index) != t {
		return false
	}
	for i, other := range all.backends {
		others = others || other != t && all.states[i] == Up && !other.IsOut()
	}
	if !others {
		return false
	}
	t.probeMillis.Store(probeMillis)
	t.probeAt.Store(now + probeMillis)
	t.condition.Store(conditionOut)
	return true
}

// takeProbe claims the right to try t, which is out, with a request. Only one loop gets it.
func (t *Backend) takeProbe(now int64) bool {
	at, wait := t.probeAt.Load(), min(2*t.probeMillis.Load(), probeMillisMax)
	if !t.IsOut() || now < at || !t.probeAt.CompareAndSwap(at, now+wait) {
		return false
	}
	t.probeMillis.Store(wait)
	return true
}

// warmth is how warm t is, in thousandths; at 1000 it stays so.
func (t *Backend) warmth(now int64) int64 {
	t.upSince.CompareAndSwap(0, now)
	warmth := max(int64(t.served.Load())*1000/warmRequests, (now-t.upSince.Load())*1000/warmMillis)
	if warmth >= 1000 {
		t.condition.CompareAndSwap(conditionFresh, conditionWell)
	}
	return min(warmth, 1000)
}

// freshTurn tells whether this search is one of those in which a worker of that warmth gets its share: one in four times as
// many as there are workers, at first.
func freshTurn(search uint32, workers int, warmth int64) bool {
	every := int64(workers) * freshPart * 1000 / (1000 + (freshPart-1)*warmth)
	return int64(search)%max(every, 1) == 0
}

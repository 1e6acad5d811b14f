package balance

// A request whose backend died with it is repeated on another. Many at once would double the load on those that are
// left, so repeats are at most a fifth of the requests that are with backends or wait, and at least repeatsMin;
// further ones wait in the queue for their turn. What no backend has seen a byte of is no repeat.
const (
	repeatsMin  = 3
	repeatsPart = 5
)

// takeRepeat claims one of the repeats that may be under way at once.
func (s *Service) takeRepeat(t *Table) bool {
	most := max(repeatsMin, s.activeIn(t)/repeatsPart)
	if s.repeats.Add(1) > most {
		s.repeats.Add(-1)
		return false
	}
	return true
}

// activeIn is how many requests the backends in t have, or wait for one.
func (s *Service) activeIn(t *Table) int64 {
	active := s.queue.waiting.Load()
	for _, backend := range t.backends {
		if backend != nil {
			active += backend.inFlight.Load()
		}
	}
	return active
}

// EndRepeat gives back the repeat that w may be. It reports whether it was one.
func (s *Service) EndRepeat(w *Waiter) bool {
	was := w.repeating
	if was {
		w.repeating = false
		s.repeats.Add(-1)
	}
	return was
}

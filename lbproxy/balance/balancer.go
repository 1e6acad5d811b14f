package balance

// Balancer is one loop's end of a service: it chooses backends for the loop's requests. The counts that it goes by,
// and the turn of round_robin, are shared by all loops.
type Balancer struct {
	service  *Service
	box      *Mailbox // of the loop
	pick     pick
	limit    int64  // requests that a backend gets at once; 0 is no limit
	random   uint64 // state of the random numbers; never 0
	searches uint32 // least_conn: each starts at another backend, so that ties take turns

	// The search that is going on.
	now   int64
	reach reach
	seen  sighting
}

// reach is how far a search goes.
type reach uint8

const (
	reachWell  reach = iota // backends that are well
	reachFresh              // and those that are not warm yet
	reachAll                // and those that are taken out: better than none
)

// sighting is what a search has passed over.
type sighting struct {
	full  bool     // a backend that would do but has no room
	out   bool     // one that is taken out
	fresh *Backend // the least busy of those that are not warm yet
}

// NewBalancer makes a loop's end of s. The loop has this number, and gets the places for its requests by box.
func NewBalancer(s *Service, box *Mailbox, loop int) Balancer {
	return Balancer{service: s, box: box, pick: (*Balancer).least, searches: uint32(loop), random: uint64(loop) + 1}
}

// Configure sets by which method, which is a known one, backends are chosen from now on, and how many requests each
// gets at once; 0 is no limit.
func (b *Balancer) Configure(method Method, limit int) { b.pick, b.limit = method.pick(), int64(limit) }

// Choose takes a place for w at one of the backends in t that it has not tried. It returns nil when there is none
// now.
func (b *Balancer) Choose(t *Table, w *Waiter, now int64) *Backend {
	repeats := w.Repeat && !w.repeating
	if t == nil || repeats && !b.service.takeRepeat(t) {
		return nil
	}
	place := b.choose(t, w, now)
	switch {
	case !repeats:
	case place != nil:
		w.repeating = true
	default:
		b.service.repeats.Add(-1)
	}
	return place
}

// choose takes a place for w, whose repeat has been counted.
func (b *Balancer) choose(t *Table, w *Waiter, now int64) *Backend {
	if len(t.backends) == 0 {
		return nil
	}
	b.now = now
	b.searches++
	for {
		best := b.search(t, w)
		if best == nil || best.claim(b.limit) {
			return best
		}
		// Another loop was faster; it is the only one that can be, once for each place.
	}
}

// search finds a backend that is well; one that is out where that is due to be tried; one that is not warm yet when
// its turn has come or no other has room; and one that is out when all are.
func (b *Balancer) search(t *Table, w *Waiter) *Backend {
	b.seen = sighting{}
	best := b.find(t, w, reachWell)
	if b.seen.out {
		if due := b.dueProbe(t, w); due != nil {
			return due
		}
	}
	if fresh := b.seen.fresh; fresh != nil {
		if best == nil {
			best = b.find(t, w, reachFresh)
		} else if freshTurn(b.searches, len(t.backends), fresh.warmth(b.now)) && fresh.Load() <= best.Load() {
			best = fresh
		}
	}
	if best == nil && b.seen.out && !b.seen.full {
		best = b.find(t, w, reachAll)
	}
	return best
}

func (b *Balancer) find(t *Table, w *Waiter, reach reach) *Backend {
	b.reach = reach
	return b.pick(b, t, w)
}

// may reports whether the backend at this index can be chosen now, and remembers why not.
func (b *Balancer) may(t *Table, index int, w *Waiter) bool {
	if t.states[index] != Up || w.tried.has(index) {
		return false
	}
	backend := t.backends[index]
	state := backend.condition.Load()
	if !backend.hasRoom(b.limit) {
		b.seen.full = b.seen.full || state != conditionOut
		return false
	}
	switch {
	case state == conditionWell:
		return true
	case state == conditionOut:
		b.seen.out = true
		return b.reach == reachAll
	case b.reach >= reachFresh || backend.warmth(b.now) == 1000:
		return true
	case b.seen.fresh == nil || backend.Load() < b.seen.fresh.Load():
		b.seen.fresh = backend
	}
	return false
}

// dueProbe is a backend that was taken out and is to be tried by this request.
func (b *Balancer) dueProbe(t *Table, w *Waiter) *Backend {
	for i, backend := range t.backends {
		if t.states[i] == Up && !w.tried.has(i) && backend.hasRoom(b.limit) && backend.takeProbe(b.now) {
			return backend
		}
	}
	return nil
}

// AnyFree reports whether there is a place at any backend. One that is out counts when all are.
func (b *Balancer) AnyFree(t *Table) bool {
	if t == nil {
		return false
	}
	wellOnes, lastResort := false, false
	for i, backend := range t.backends {
		if t.states[i] != Up {
			continue
		}
		switch room := backend.hasRoom(b.limit); {
		case backend.IsOut():
			lastResort = lastResort || room
		case room:
			return true
		default:
			wellOnes = true
		}
	}
	return lastResort && !wellOnes
}

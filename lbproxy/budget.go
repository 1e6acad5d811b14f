package lbproxy

// A request whose worker died with it is repeated on another. Many at once would double the load on those that are left, so
// repeats are at most a fifth of the requests that are with workers or wait, and at least repeatsMin; further ones wait in the queue
// for their turn. What no worker has seen a byte of is no repeat.
const (
	repeatsMin  = 3
	repeatsPart = 5
)

// takeRepeat claims one of the repeats that may be under way at once.
func (p *Proxy) takeRepeat(t *table) bool {
	most := max(repeatsMin, p.activeIn(t)/repeatsPart)
	if p.repeats.Add(1) > most {
		p.repeats.Add(-1)
		return false
	}
	return true
}

// activeIn is how many requests the workers in t have, or wait for one.
func (p *Proxy) activeIn(t *table) int64 {
	active := p.waiting.Load()
	for _, e := range t.target {
		if e != nil {
			active += e.inFlight.Load()
		}
	}
	return active
}

// repeatAnswered ends the repeat that x may be: its worker has answered, and how long the answer goes on says nothing about the
// next one.
func (x *exchange) repeatAnswered() {
	l := x.loop
	if !x.repeating {
		return
	}
	x.endRepeat()
	if l.proxy.waiting.Load() > 0 {
		l.proxy.serveFrom(l)
	}
}

// endRepeat gives back what takeRepeat claimed for x.
func (x *exchange) endRepeat() {
	if x.repeating {
		x.repeating = false
		x.loop.proxy.repeats.Add(-1)
	}
}

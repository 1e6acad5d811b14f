package lbproxy

import (
	"math/rand/v2"
	"testing"
)

// TestAnExchangeIsNeverTakenTwice takes and gives at random, and holds the table against the list of those taken.
func TestAnExchangeIsNeverTakenTwice(t *testing.T) {
	var e exchanges
	taken := map[int32]*exchange{}
	most := 0
	for step := range 5_000 {
		if rand.IntN(5) < 3 {
			x := e.take()
			if taken[x.id] != nil || e.all[x.id] != x {
				t.Fatalf("step %d: exchange %d is taken already, or is not at its place", step, x.id)
			}
			taken[x.id] = x
			most = max(most, len(taken))
		} else {
			for id, x := range taken { // any one
				e.give(x)
				delete(taken, id)
				break
			}
		}
		if e.active != len(taken) {
			t.Fatalf("step %d: got %d active, want %d", step, e.active, len(taken))
		}
	}
	if len(e.all) != most {
		t.Errorf("exchanges: got %d, want %d as that many were taken at once", len(e.all), most)
	}
}

// TestAConnectionLosesItsExchangeWithItsEnd holds that nothing finds an exchange that is over.
func TestAConnectionLosesItsExchangeWithItsEnd(t *testing.T) {
	r := newRig(t, nil)
	r.workers(newStub(t, constant("ok")).address)
	c := r.client()
	c.wantOpen("ok")
	r.onLoop(func(l *loop) {
		x := l.exchanges.all[0]
		if d := l.conns.at(x.downstream); d.exchange != noSlot || d.state != stateIdle {
			t.Errorf("client's connection: got exchange %d and state %s, want none and idle", d.exchange, d.state)
		}
		if x.upstream != noSlot || x.backend != nil || x.request.b != nil || x.upload.in.Pending() != 0 {
			t.Errorf("got %+v, want it to hold nothing", x)
		}
	})
	c.wantOpen("ok")
	r.onLoop(func(l *loop) {
		if len(l.exchanges.all) != 1 {
			t.Errorf("got %d exchanges for one request after the other, want 1", len(l.exchanges.all))
		}
	})
}

package balance

import (
	"encoding/binary"
	"testing"
)

// tableOf makes a table of workers in the given states.
func tableOf(t testing.TB, states ...State) *Table {
	t.Helper()
	var es []Endpoint
	for i, s := range states {
		es = append(es, Endpoint{Index: i, Address: "127.0.0.1:1", Incarnation: 1, State: s})
	}
	table, err := NewTable(es, nil)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// newBalancer makes one of a few that share their turn.
func newBalancer(method Method, limit int) *Balancer { return balancerOf(&Service{}, method, limit) }

func balancerOf(s *Service, method Method, limit int) *Balancer {
	b := NewBalancer(s, &Mailbox{Wake: func() {}}, 0)
	b.Configure(method, limit)
	return &b
}

// chosen chooses for a client and gives the place back.
func (b *Balancer) chosen(t *Table, w *Waiter) int {
	place := b.Choose(t, w, 0)
	if place == nil {
		return -1
	}
	place.Release()
	return place.Index
}

func TestRoundRobinTakesReadyWorkersInTurn(t *testing.T) {
	b, table := newBalancer(RoundRobin, 0), tableOf(t, Up, Down, Up, Draining, Up)
	other := balancerOf(b.service, RoundRobin, 0) // of another loop
	for i, want := range []int{2, 4, 0, 2, 4, 0} {
		if got := b.chosen(table, &Waiter{}); got != want {
			t.Errorf("turn %d: got worker %d, want %d", i, got, want)
		}
		b, other = other, b
	}
}

func TestLeastConnTakesTheWorkerWithTheFewestRequests(t *testing.T) {
	b, table := newBalancer(LeastConn, 0), tableOf(t, Up, Up, Up, Down)
	var w Waiter
	table.At(0).inFlight.Store(2)
	table.At(1).tunnels.Store(1)
	table.At(2).inFlight.Store(3)
	for range 5 {
		if got := b.chosen(table, &w); got != 1 {
			t.Errorf("pick: got worker %d, want 1", got)
		}
	}
	w.NoteTried(table.At(1))
	if got := b.chosen(table, &w); got != 0 {
		t.Errorf("pick beside the tried one: got worker %d, want 0", got)
	}
}

func TestTiesTakeTurns(t *testing.T) {
	for _, method := range []Method{LeastConn, Random} {
		b, table := newBalancer(method, 0), tableOf(t, Up, Up, Up, Up)
		counts := map[int]int{}
		for range 4000 {
			counts[b.chosen(table, &Waiter{})]++
		}
		for i := range 4 {
			if off := counts[i] - 1000; method == LeastConn && off != 0 || off < -150 || off > 150 {
				t.Errorf("%s, worker %d: got %d of 4000 idle picks, want 1000", method, i, counts[i])
			}
		}
	}
}

func TestRandomTakesTheLessBusyOfTwo(t *testing.T) {
	b, table := newBalancer(Random, 0), tableOf(t, Up, Up, Down, Up, Up)
	for i, n := range []int64{9, 1, 0, 2, 3} {
		table.At(i).inFlight.Store(n)
	}
	counts := map[int]int{}
	for range 6000 {
		counts[b.chosen(table, &Waiter{})]++
	}
	// Of the six pairs the least busy is in three, the next in two, the next in one.
	for i, want := range []int{0, 3000, 0, 2000, 1000} {
		if off := counts[i] - want; off < -200 || off > 200 {
			t.Errorf("worker %d: got %d of 6000, want about %d", i, counts[i], want)
		}
	}
}

// clientAt is a request from client i.
func clientAt(i int) *Waiter {
	w := &Waiter{}
	binary.BigEndian.PutUint32(w.Client[12:], 0x0a000000+uint32(i))
	return w
}

func TestIPHashMovesOnlyTheClientsOfTheWorkerThatLeaves(t *testing.T) {
	const clients = 8000
	b := newBalancer(IPHash, 0)
	whole, without := tableOf(t, Up, Up, Up, Up, Up, Up, Up, Up), tableOf(t, Up, Up, Up, Down, Up, Up, Up, Up)
	counts := map[int]int{}
	for i := range clients {
		before := b.chosen(whole, clientAt(i))
		counts[before]++
		switch after := b.chosen(without, clientAt(i)); {
		case before == 3 && after == 3:
			t.Fatalf("client %d: got a worker that is down", i)
		case before != 3 && after != before:
			t.Fatalf("client %d: moved from worker %d to %d, though worker 3 left", i, before, after)
		}
	}
	for i := range 8 {
		if off := counts[i] - clients/8; off < -150 || off > 150 {
			t.Errorf("worker %d: got %d of %d clients, want about an eighth", i, counts[i], clients)
		}
	}
}

func TestIPHashKeepsAClientAtItsWorkerWithALimitToo(t *testing.T) {
	b, table := newBalancer(IPHash, 1), tableOf(t, Up, Up, Up)
	client := clientAt(7)
	home := b.chosen(table, client)
	table.At(home).inFlight.Store(1)
	if got := b.chosen(table, client); got != -1 {
		t.Errorf("pick: got worker %d, want the client to wait for worker %d", got, home)
	}
}

func TestNoWorkerGetsMoreThanTheLimit(t *testing.T) {
	for _, method := range []Method{LeastConn, RoundRobin, Random} {
		b, table := newBalancer(method, 2), tableOf(t, Up, Down, Up, Up)
		var w Waiter
		w.NoteTried(table.At(3))
		for range 4 {
			if b.Choose(table, &w, 0) == nil {
				t.Errorf("%s: got none, want a worker with room", method)
			}
		}
		if got := b.Choose(table, &w, 0); got != nil {
			t.Errorf("%s: got worker %d, want none", method, got.Index)
		}
		if !b.AnyFree(table) {
			t.Errorf("%s: worker 3 counts as full", method)
		}
	}
}

func TestNothingIsPickedWhereNothingIsReady(t *testing.T) {
	var fresh, all Waiter
	all.tried.add(0)
	tests := []struct {
		name  string
		table *Table
		w     Waiter
	}{
		{"no snapshot yet", nil, fresh},
		{"no worker", tableOf(t), fresh},
		{"none up", tableOf(t, Down, Draining), fresh},
		{"all tried", tableOf(t, Up), all},
	}
	for _, test := range tests {
		for _, method := range allMethods() {
			if got := newBalancer(method, 0).chosen(test.table, &test.w); got != -1 {
				t.Errorf("%s, %s: got worker %d, want none", test.name, method, got)
			}
		}
	}
}

func TestASetOfEndpoints(t *testing.T) {
	var s set
	for _, i := range []int{0, 63, 64, 1023} {
		if s.has(i) {
			t.Errorf("index %d: got it before it was added", i)
		}
		if s.add(i); !s.has(i) {
			t.Errorf("index %d: not there after it was added", i)
		}
	}
}

func TestEndpointStatesHaveNames(t *testing.T) {
	for _, s := range []State{Down, Up, Draining} {
		text, _ := s.MarshalText()
		var got State
		if err := got.UnmarshalText(text); err != nil || got != s {
			t.Errorf("state %s: got %s and %v after a round trip", s, got, err)
		}
	}
	var s State
	if err := s.UnmarshalText([]byte("sideways")); err == nil {
		t.Error("unknown name: got no error, want one")
	}
}

// allMethods are the methods that there are.
func allMethods() (list []Method) {
	for i := range methods {
		list = append(list, methods[i].name)
	}
	return list
}

func TestAMethodIsKnownByItsName(t *testing.T) {
	for _, method := range allMethods() {
		if !method.IsKnown() {
			t.Errorf("%s is not known", method)
		}
	}
	for _, method := range []Method{"", "fair", "LEAST_CONN", "least_conn "} {
		if method.IsKnown() {
			t.Errorf("%q is known", method)
		}
	}
}

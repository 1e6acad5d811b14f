package lbproxy

import (
	"encoding/binary"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"
)

// tableOf makes a table of workers in the given states.
func tableOf(t *testing.T, states ...EndpointState) *table {
	t.Helper()
	var es []Endpoint
	for i, s := range states {
		es = append(es, Endpoint{Index: i, Address: "127.0.0.1:1", Incarnation: 1, State: s})
	}
	table, err := newTable(Snapshot{Seq: 1, Endpoints: es}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// newBalancer makes one of a few that share their turn.
func newBalancer(method Balance, limit int64) *balancer {
	return &balancer{method: method, limit: limit, shared: new(atomic.Uint32), random: 1}
}

// pick chooses for a client and gives the place back.
func (b *balancer) pick(t *table, tried *endpointSet, client peer) int {
	chosen := b.choose(t, tried, &client, 0)
	if chosen == nil {
		return -1
	}
	chosen.unclaim()
	return chosen.Index
}

func TestRoundRobinTakesReadyWorkersInTurn(t *testing.T) {
	b, table := newBalancer(RoundRobin, 0), tableOf(t, Up, Down, Up, Draining, Up)
	other := &balancer{method: RoundRobin, shared: b.shared} // of another loop
	for i, want := range []int{2, 4, 0, 2, 4, 0} {
		if got := b.pick(table, &endpointSet{}, peer{}); got != want {
			t.Errorf("turn %d: got worker %d, want %d", i, got, want)
		}
		b, other = other, b
	}
}

func TestLeastConnTakesTheWorkerWithTheFewestRequests(t *testing.T) {
	b, table := newBalancer(LeastConn, 0), tableOf(t, Up, Up, Up, Down)
	var tried endpointSet
	table.at(0).inFlight.Store(2)
	table.at(1).tunnels.Store(1)
	table.at(2).inFlight.Store(3)
	for range 5 {
		if got := b.pick(table, &tried, peer{}); got != 1 {
			t.Errorf("pick: got worker %d, want 1", got)
		}
	}
	tried.add(1)
	if got := b.pick(table, &tried, peer{}); got != 0 {
		t.Errorf("pick beside the tried one: got worker %d, want 0", got)
	}
}

func TestTiesTakeTurns(t *testing.T) {
	for _, method := range []Balance{LeastConn, Random} {
		b, table := newBalancer(method, 0), tableOf(t, Up, Up, Up, Up)
		counts := map[int]int{}
		for range 4000 {
			counts[b.pick(table, &endpointSet{}, peer{})]++
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
		table.at(i).inFlight.Store(n)
	}
	counts := map[int]int{}
	for range 6000 {
		counts[b.pick(table, &endpointSet{}, peer{})]++
	}
	// Of the six pairs the least busy is in three, the next in two, the next in one.
	for i, want := range []int{0, 3000, 0, 2000, 1000} {
		if off := counts[i] - want; off < -200 || off > 200 {
			t.Errorf("worker %d: got %d of 6000, want about %d", i, counts[i], want)
		}
	}
}

func clientAt(i int) peer {
	p := peer{family: unix.AF_INET}
	copy(p.address[:], mappedPrefix[:])
	binary.BigEndian.PutUint32(p.address[12:], 0x0a000000+uint32(i))
	return p
}

func TestIPHashMovesOnlyTheClientsOfTheWorkerThatLeaves(t *testing.T) {
	const clients = 8000
	b := newBalancer(IPHash, 0)
	whole, without := tableOf(t, Up, Up, Up, Up, Up, Up, Up, Up), tableOf(t, Up, Up, Up, Down, Up, Up, Up, Up)
	counts := map[int]int{}
	for i := range clients {
		before := b.pick(whole, &endpointSet{}, clientAt(i))
		counts[before]++
		switch after := b.pick(without, &endpointSet{}, clientAt(i)); {
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
	home := b.pick(table, &endpointSet{}, client)
	table.at(home).inFlight.Store(1)
	if got := b.pick(table, &endpointSet{}, client); got != -1 {
		t.Errorf("pick: got worker %d, want the client to wait for worker %d", got, home)
	}
}

func TestNobodyGetsMoreThanTheLimit(t *testing.T) {
	for _, method := range []Balance{LeastConn, RoundRobin, Random} {
		b, table := newBalancer(method, 2), tableOf(t, Up, Down, Up, Up)
		var tried endpointSet
		tried.add(3)
		for range 4 {
			if b.choose(table, &tried, &peer{}, 0) == nil {
				t.Errorf("%s: got nobody, want a worker with room", method)
			}
		}
		if got := b.choose(table, &tried, &peer{}, 0); got != nil {
			t.Errorf("%s: got worker %d, want nobody", method, got.Index)
		}
		if !b.anyFree(table) {
			t.Errorf("%s: worker 3 counts as full", method)
		}
	}
}

func TestNothingIsPickedWhereNothingIsReady(t *testing.T) {
	var all endpointSet
	all.add(0)
	tests := []struct {
		name  string
		table *table
		tried endpointSet
	}{
		{"no snapshot yet", nil, endpointSet{}},
		{"no worker", tableOf(t), endpointSet{}},
		{"nobody up", tableOf(t, Down, Draining), endpointSet{}},
		{"all tried", tableOf(t, Up), all},
	}
	for _, test := range tests {
		for _, method := range []Balance{LeastConn, RoundRobin, IPHash, Random} {
			if got := newBalancer(method, 0).pick(test.table, &test.tried, peer{}); got != -1 {
				t.Errorf("%s, %s: got worker %d, want none", test.name, method, got)
			}
		}
	}
}

func TestASetOfEndpoints(t *testing.T) {
	var s endpointSet
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
	for _, s := range []EndpointState{Down, Up, Draining} {
		text, _ := s.MarshalText()
		var got EndpointState
		if err := got.UnmarshalText(text); err != nil || got != s {
			t.Errorf("state %s: got %s and %v after a round trip", s, got, err)
		}
	}
	var s EndpointState
	if err := s.UnmarshalText([]byte("sideways")); err == nil {
		t.Error("unknown name: got no error, want one")
	}
}

// TestAnIdleWorkerIsPreferredOverABusyOne keeps one worker busy and expects everything at the other.
func TestAnIdleWorkerIsPreferredOverABusyOne(t *testing.T) {
	r := newRig(t, nil)
	gate := make(chan struct{})
	hang := func(q *stubRequest) bool {
		if q.path() == "/hang" {
			<-gate
		}
		return q.ok("ok")
	}
	a, b := newStub(t, hang), newStub(t, hang)
	r.workers(a.address, b.address)
	slow := r.client().send("GET /hang HTTP/1.1\r\nHost: x\r\n\r\n")
	eventually(t, "one is busy", func() bool { return a.requests.Load()+b.requests.Load() == 1 })
	busy, idle := a, b
	if b.requests.Load() == 1 {
		busy, idle = b, a
	}
	c := r.client()
	for range 10 {
		c.wantOpen("ok")
	}
	wantCount(t, "requests at the busy worker", busy.requests.Load(), 1)
	wantCount(t, "requests at the idle worker", idle.requests.Load(), 10)
	close(gate)
	slow.read("GET").want(t, 200, "ok")
}

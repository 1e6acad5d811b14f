package lbproxy

import (
	"testing"
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

func TestRoundRobinTakesReadyWorkersInTurn(t *testing.T) {
	b, table := balancer{method: RoundRobin}, tableOf(t, Up, Down, Up, Draining, Up)
	var tried endpointSet
	for i, want := range []int{2, 4, 0, 2, 4, 0} {
		if got := b.pick(table, &tried).Index; got != want {
			t.Errorf("turn %d: got worker %d, want %d", i, got, want)
		}
	}
}

func TestLeastConnTakesTheWorkerWithTheFewestRequests(t *testing.T) {
	b, table := balancer{method: LeastConn}, tableOf(t, Up, Up, Up, Down)
	var tried endpointSet
	table.at(0).inFlight.Store(2)
	table.at(1).inFlight.Store(1)
	table.at(2).inFlight.Store(3)
	for range 5 {
		if got := b.pick(table, &tried).Index; got != 1 {
			t.Errorf("pick: got worker %d, want 1", got)
		}
	}
	tried.add(1)
	if got := b.pick(table, &tried).Index; got != 0 {
		t.Errorf("pick beside the tried one: got worker %d, want 0", got)
	}
}

func TestLeastConnBreaksTiesInTurn(t *testing.T) {
	b, table := balancer{method: LeastConn}, tableOf(t, Up, Up, Up, Up)
	var tried endpointSet
	counts := map[int]int{}
	for range 400 {
		counts[b.pick(table, &tried).Index]++
	}
	for i := range 4 {
		if counts[i] != 100 {
			t.Errorf("worker %d: got %d of 400 idle picks, want 100", i, counts[i])
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
		for _, method := range []Balance{LeastConn, RoundRobin} {
			b := balancer{method: method}
			if got := b.pick(test.table, &test.tried); got != nil {
				t.Errorf("%s, %s: got worker %d, want none", test.name, method, got.Index)
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

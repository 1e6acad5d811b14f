package balance

import (
	"fmt"
	"sync"
	"testing"
)

func TestOnlyOneRequestProbesAndTheNextWaitsLonger(t *testing.T) {
	table := tableOf(t, Up, Up)
	e := table.backends[0]
	e.condition.Store(conditionOut)
	e.probeMillis.Store(probeMillis)
	e.probeAt.Store(probeMillis)
	table.backends[1].condition.Store(conditionWell)
	b, other := newBalancer(LeastConn, 0), newBalancer(Random, 0)
	now := int64(0)
	for i, want := range []int64{1000, 3000, 7000, 15000, 31000, 61000, 91000} {
		for now = want - 1; now <= want; now++ {
			probes := 0
			for _, b := range []*Balancer{b, other, b, other} {
				if b.Choose(table, &Waiter{}, now) == e {
					probes++
				}
			}
			if due := now == want; due != (probes == 1) {
				t.Errorf("probe %d at %d ms: got %d requests at the worker that is out", i, now, probes)
			}
		}
	}
}

func TestARequestIsServedEvenIfAllThatAreLeftAreOut(t *testing.T) {
	for _, method := range allMethods() {
		b, table := newBalancer(method, 1), tableOf(t, Up, Down)
		e := table.backends[0]
		e.condition.Store(conditionOut)
		e.probeAt.Store(1 << 40)
		if !b.AnyFree(table) || b.Choose(table, &Waiter{}, 1) != e {
			t.Errorf("%s: got none, want the worker that is out", method)
		}
		if b.AnyFree(table) {
			t.Errorf("%s: the worker has room, want it full", method)
		}
	}
}

// TestAFreshWorkerGetsAGrowingShare counts what a newcomer among three that are warm gets.
func TestAFreshWorkerGetsAGrowingShare(t *testing.T) {
	for _, method := range []Method{LeastConn, RoundRobin, Random} {
		b, table := newBalancer(method, 0), tableOf(t, Up, Up, Up, Up)
		for _, e := range table.backends[1:] {
			e.condition.Store(conditionWell)
		}
		for now, want := range map[int64][2]int{1: {60, 65}, warmMillis / 2: {140, 170}} {
			table.backends[0].upSince.Store(1)
			got := 0
			for range 1000 {
				if b.pickAt(table, now) == 0 {
					got++
				}
			}
			if got < want[0] || got > want[1] {
				t.Errorf("%s after %d ms: got %d of 1000, want %d to %d", method, now, got, want[0], want[1])
			}
		}
		b.pickAt(table, warmMillis+1)
		if table.backends[0].condition.Load() != conditionWell {
			t.Errorf("%s: the worker is not warm after %d ms", method, warmMillis)
		}
	}
}

func (b *Balancer) pickAt(t *Table, now int64) int {
	place := b.Choose(t, &Waiter{}, now)
	place.Release()
	return place.Index
}

func TestAFreshWorkerWithAFreePlaceLeavesNoneWaiting(t *testing.T) {
	for _, method := range allMethods() {
		t.Run(fmt.Sprint(method), func(t *testing.T) {
			b, table := newBalancer(method, 1), tableOf(t, Up, Up)
			table.backends[1].condition.Store(conditionWell)
			table.backends[1].inFlight.Store(1)
			client := clientAt(0)
			for i := 0; method == IPHash && b.chosen(tableOf(t, Up, Up), client) != 0; i++ {
				client = clientAt(i)
			}
			if got := b.Choose(table, client, 1); got != table.backends[0] {
				t.Errorf("got %v, want the fresh worker, as the other is full", got)
			}
		})
	}
}

func TestABackendIsTakenOutAfterSeveralFailuresInARow(t *testing.T) {
	var s Service
	table := tableOf(t, Up, Up)
	s.Use(table)
	backend := table.At(0)
	for n := range 5 {
		if out := s.NoteFailure(backend, 1000); out != (n == failuresMax-1) {
			t.Errorf("failure %d: got taken out %v, want it with the third", n+1, out)
		}
		if backend.IsOut() != (n >= failuresMax-1) {
			t.Errorf("after failure %d: got out %v", n+1, backend.IsOut())
		}
	}
	if !backend.NoteResponse() || backend.IsOut() {
		t.Error("an answer does not bring it back")
	}
	if backend.NoteResponse() {
		t.Error("a second answer brings it back once more")
	}
}

func TestAResponseEndsARowOfFailures(t *testing.T) {
	var s Service
	table := tableOf(t, Up, Up)
	s.Use(table)
	for n := range 20 {
		if s.NoteFailure(table.At(0), 1) {
			t.Fatalf("taken out after %d failures, with an answer behind every other one", n+1)
		}
		if n%2 == 1 && table.At(0).NoteResponse() {
			t.Fatal("an answer brings back what was never out")
		}
	}
}

func TestTheLastBackendStays(t *testing.T) {
	tests := []struct {
		name   string
		states []State
		others bool // the others are out
		want   bool
	}{
		{"it is the only one", []State{Up}, false, false},
		{"the others are not up", []State{Up, Down, Draining}, false, false},
		{"another is up", []State{Up, Down, Up}, false, true},
		{"the others are out", []State{Up, Up, Up}, true, false},
	}
	for _, test := range tests {
		var s Service
		table := tableOf(t, test.states...)
		s.Use(table)
		for _, other := range table.Backends()[1:] {
			if test.others {
				other.condition.Store(conditionOut)
			}
		}
		out := false
		for range failuresMax {
			out = s.NoteFailure(table.At(0), 1)
		}
		if out != test.want || table.At(0).IsOut() != test.want {
			t.Errorf("%s: got taken out %v, want %v", test.name, out, test.want)
		}
	}
}

func TestABackendThatIsReplacedIsNotTakenOut(t *testing.T) {
	var s Service
	old := tableOf(t, Up, Up)
	s.Use(mustTable(t, old,
		Endpoint{Index: 0, Address: "127.0.0.1:1", Incarnation: 2, State: Up},
		Endpoint{Index: 1, Address: "127.0.0.1:1", Incarnation: 1, State: Up}))
	for range 2 * failuresMax {
		if s.NoteFailure(old.At(0), 1) || old.At(0).IsOut() {
			t.Fatal("a process that is gone was taken out")
		}
	}
}

// TestOneBackendIsLeftWhateverFailsAtOnce has several loops find out at once that all backends fail.
func TestOneBackendIsLeftWhateverFailsAtOnce(t *testing.T) {
	for range 200 {
		var s Service
		table := tableOf(t, Up, Up, Up, Up)
		s.Use(table)
		var loops sync.WaitGroup
		for i := range 4 {
			loops.Go(func() {
				for n := range 4 * failuresMax {
					s.NoteFailure(table.At((i+n)%4), 1)
				}
			})
		}
		loops.Wait()
		out := 0
		for _, backend := range table.Backends() {
			if backend.IsOut() {
				out++
			}
		}
		if out != 3 {
			t.Fatalf("got %d of 4 taken out, want all but one", out)
		}
	}
}

func TestAWarmBackendStaysWarm(t *testing.T) {
	tests := []struct {
		name   string
		served int
		millis int64
		want   int64
	}{
		{"it has just come", 0, 0, 0},
		{"after some requests", warmRequests / 2, 1, 500},
		{"after some time", 0, warmMillis / 4, 250},
		{"what is more counts", warmRequests / 4, warmMillis / 2, 500},
		{"after enough requests", warmRequests, 1, 1000},
		{"after long", 0, 10 * warmMillis, 1000},
	}
	for _, test := range tests {
		var b Backend
		b.warmth(1)
		for range test.served {
			b.Count()
		}
		if got := b.warmth(1 + test.millis); got != test.want {
			t.Errorf("%s: got %d thousandths, want %d", test.name, got, test.want)
		}
		if well := b.condition.Load() == conditionWell; well != (test.want == 1000) {
			t.Errorf("%s: got well %v", test.name, well)
		}
	}
}

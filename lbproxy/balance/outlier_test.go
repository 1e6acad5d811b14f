package balance

import (
	"fmt"
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
	for _, method := range []Method{LeastConn, RoundRobin, IPHash, Random} {
		b, table := newBalancer(method, 1), tableOf(t, Up, Down)
		e := table.backends[0]
		e.condition.Store(conditionOut)
		e.probeAt.Store(1 << 40)
		if !b.AnyFree(table) || b.Choose(table, &Waiter{}, 1) != e {
			t.Errorf("%s: got nobody, want the worker that is out", method)
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
	chosen := b.Choose(t, &Waiter{}, now)
	chosen.Release()
	return chosen.Index
}

func TestAFreshWorkerWithAFreePlaceLeavesNobodyWaiting(t *testing.T) {
	for _, method := range []Method{LeastConn, RoundRobin, IPHash, Random} {
		t.Run(fmt.Sprint(method), func(t *testing.T) {
			b, table := newBalancer(method, 1), tableOf(t, Up, Up)
			table.backends[1].condition.Store(conditionWell)
			table.backends[1].inFlight.Store(1)
			client := clientAt(0)
			for i := 0; method == IPHash && b.pick(tableOf(t, Up, Up), client) != 0; i++ {
				client = clientAt(i)
			}
			if got := b.Choose(table, client, 1); got != table.backends[0] {
				t.Errorf("got %v, want the fresh worker, as the other is full", got)
			}
		})
	}
}

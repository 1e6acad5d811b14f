package lbproxy

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// soonDue makes the workers that are out due to be tried at once.
func (r *rig) soonDue() {
	for _, e := range r.proxy.group.Table().target {
		e.probeAt.Store(0)
	}
}

// warm makes every worker one that has been up for long.
func (r *rig) warm() {
	for _, e := range r.proxy.group.Table().target {
		e.condition.Store(conditionWell)
	}
}

func (r *rig) isOut(index int) bool { return r.proxy.group.Table().target[index].isOut() }

func TestAWorkerThatRefusesAgainAndAgainIsTakenOut(t *testing.T) {
	r := newRig(t, roundRobin)
	good := newStub(t, constant("ok"))
	endpoints := up(good.address, refusing(t))
	r.apply(false, endpoints...)
	r.warm()
	c := r.client()
	for range 2 * failuresMax {
		c.wantOpen("ok")
	}
	got := r.report("one is out", func(got Report) bool { return len(got.Ejected) > 0 })
	if want := (EndpointID{Index: 1, Incarnation: 1}); len(got.Ejected) != 1 || got.Ejected[0] != want {
		t.Errorf("ejected: got %v, want %v", got.Ejected, want)
	}
	failures := r.proxy.group.Table().target[1].failures.Load()
	for range 10 {
		c.wantOpen("ok")
	}
	if again := r.proxy.group.Table().target[1].failures.Load(); again != failures {
		t.Errorf("tries of the worker that is out: got %d, want none", again-failures)
	}
	if figures := r.ask(endpoints...).Endpoints; figures[0].Ejected || !figures[1].Ejected {
		t.Errorf("figures: got %+v, want only the second taken out", figures)
	}
	eventually(t, "it is logged", func() bool { return strings.Count(r.log.String(), "worker taken out") == 1 })
}

func TestOneProbeBringsAWorkerBack(t *testing.T) {
	r := newRig(t, nil)
	a, b := newStub(t, constant("ok")), newStub(t, constant("ok"))
	r.workers(a.address, b.address)
	r.warm()
	r.onLoop(func(l *loop) {
		for range failuresMax {
			l.noteFailure(l.table.target[0], causeReadTimeout)
		}
	})
	if !r.isOut(0) {
		t.Fatal("the worker is not out")
	}
	c := r.client()
	for range 5 {
		c.wantOpen("ok")
	}
	wantCount(t, "requests at the one that is out", a.requests.Load(), 0)
	r.soonDue()
	c.wantOpen("ok")
	wantCount(t, "probes", a.requests.Load(), 1)
	if r.isOut(0) {
		t.Error("the worker is still out after it answered")
	}
	r.report("nobody is out", func(got Report) bool { return len(got.Ejected) == 0 })
	eventually(t, "it is logged", func() bool { return strings.Count(r.log.String(), "worker is back") == 1 })
}

func TestOnlyOneRequestProbesAndTheNextWaitsLonger(t *testing.T) {
	table := tableOf(t, Up, Up)
	e := table.target[0]
	e.condition.Store(conditionOut)
	e.probeMillis.Store(probeMillis)
	e.probeAt.Store(probeMillis)
	table.target[1].condition.Store(conditionWell)
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

func TestTheLastWorkerIsNeverTakenOut(t *testing.T) {
	r := newRig(t, func(o *Options) { o.QueueTimeout = 300 * time.Millisecond })
	r.workers(refusing(t), refusing(t))
	for range 2 {
		r.client().do(getRequest).want(t, 502, "~refused")
	}
	if r.isOut(0) && r.isOut(1) {
		t.Error("both workers are out")
	}
}

func TestWhatTheApplicationAnswersNeverTakesItOut(t *testing.T) {
	r := newRig(t, nil)
	bad := newStub(t, func(q *stubRequest) bool { return q.say("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n") })
	r.workers(bad.address, newStub(t, constant("ok")).address)
	c := r.client()
	for range 20 {
		c.do(getRequest)
	}
	if r.isOut(0) || bad.requests.Load() < 5 {
		t.Errorf("the worker that answers 500 got %d of 20 requests; want it to stay", bad.requests.Load())
	}
}

func TestARequestIsServedEvenIfAllThatAreLeftAreOut(t *testing.T) {
	for _, method := range []Balance{LeastConn, RoundRobin, IPHash, Random} {
		b, table := newBalancer(method, 1), tableOf(t, Up, Down)
		e := table.target[0]
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
	for _, method := range []Balance{LeastConn, RoundRobin, Random} {
		b, table := newBalancer(method, 0), tableOf(t, Up, Up, Up, Up)
		for _, e := range table.target[1:] {
			e.condition.Store(conditionWell)
		}
		for now, want := range map[int64][2]int{1: {60, 65}, warmMillis / 2: {140, 170}} {
			table.target[0].upSince.Store(1)
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
		if table.target[0].condition.Load() != conditionWell {
			t.Errorf("%s: the worker is not warm after %d ms", method, warmMillis)
		}
	}
}

func (b *Balancer) pickAt(t *Table, now int64) int {
	chosen := b.Choose(t, &Waiter{}, now)
	chosen.unclaim()
	return chosen.Index
}

func TestAFreshWorkerWithAFreePlaceLeavesNobodyWaiting(t *testing.T) {
	for _, method := range []Balance{LeastConn, RoundRobin, IPHash, Random} {
		t.Run(fmt.Sprint(method), func(t *testing.T) {
			b, table := newBalancer(method, 1), tableOf(t, Up, Up)
			table.target[1].condition.Store(conditionWell)
			table.target[1].inFlight.Store(1)
			client := clientAt(0)
			for i := 0; method == IPHash && b.pick(tableOf(t, Up, Up), client) != 0; i++ {
				client = clientAt(i)
			}
			if got := b.Choose(table, client, 1); got != table.target[0] {
				t.Errorf("got %v, want the fresh worker, as the other is full", got)
			}
		})
	}
}

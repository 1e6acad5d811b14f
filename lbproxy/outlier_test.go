package lbproxy

import (
	"strings"
	"testing"
	"time"

	"percore/lbproxy/balance"
)

// warm makes every worker one that has been up for long, by a look at all of them long from now.
func (r *rig) warm() {
	b := balance.NewBalancer(r.proxy.services[0], &balance.Mailbox{}, 0)
	for _, now := range []int64{1, 1 << 40} {
		if place := b.Choose(r.proxy.services[0].Table(), &balance.Waiter{}, now); place != nil {
			place.Release()
		}
	}
}

func (r *rig) isOut(index int) bool { return r.worker(index).IsOut() }

// worker is what the front door knows of the worker with this index.
func (r *rig) worker(index int) *balance.Backend { return r.proxy.services[0].Table().At(index) }

func TestAWorkerThatRefusesAgainAndAgainIsTakenOut(t *testing.T) {
	r := newRig(t, roundRobin)
	good := newStub(t, constant("ok"))
	endpoints := up(good.address, refusing(t))
	r.apply(false, endpoints...)
	r.warm()
	c := r.client()
	for range 6 {
		c.wantOpen("ok")
	}
	got := r.report("one is out", func(got Report) bool { return len(got.Ejected) > 0 })
	if want := (EndpointID{Index: 1, Incarnation: 1}); len(got.Ejected) != 1 || got.Ejected[0] != want {
		t.Errorf("ejected: got %v, want %v", got.Ejected, want)
	}
	tries := r.worker(1).Served()
	for range 10 {
		c.wantOpen("ok")
	}
	if again := r.worker(1).Served(); again != tries {
		t.Errorf("tries of the worker that is out: got %d, want none", again-tries)
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
		for range 3 {
			l.services[0].noteFailure(l.services[0].table.At(0), causeReadTimeout)
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
	r.elapse(1000)
	c.wantOpen("ok")
	wantCount(t, "probes", a.requests.Load(), 1)
	if r.isOut(0) {
		t.Error("the worker is still out after it answered")
	}
	r.report("none is out", func(got Report) bool { return len(got.Ejected) == 0 })
	eventually(t, "it is logged", func() bool { return strings.Count(r.log.String(), "worker is back") == 1 })
}

func TestTheLastWorkerIsNeverTakenOut(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Services[0].QueueTimeout = 300 * time.Millisecond })
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

package lbproxy

import (
	"testing"
	"time"

	"percore/lbproxy/balance"
)

// report waits for the front door's answer to the newest snapshot that satisfies good.
func (r *rig) report(what string, good func(Report) bool) Report {
	r.t.Helper()
	for deadline := time.After(patience); ; {
		select {
		case got := <-r.reports:
			if got.Seq == r.seq && good(got) {
				return got
			}
		case <-deadline:
			r.t.Fatalf("waited %v for a report: %s", patience, what)
		}
	}
}

// ask applies the endpoints again with a question for figures, and returns them.
func (r *rig) ask(endpoints ...balance.Endpoint) *Figures {
	r.t.Helper()
	r.seq++
	if err := r.proxy.Apply(Snapshot{Seq: r.seq, Endpoints: endpoints, Ask: r.seq}); err != nil {
		r.t.Fatal(err)
	}
	return r.report("figures", func(got Report) bool { return got.Asked == r.seq }).Figures
}

func TestFiguresSayWhatEachWorkerHas(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Loops = 2 })
	gate := make(chan struct{})
	answer := func(q *stubRequest) bool {
		switch q.path() {
		case "/hang":
			<-gate
		case "/up":
			q.say("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
			<-gate
			return false
		}
		return q.ok("ok")
	}
	s := newStub(t, answer)
	endpoints := append(up(s.address), balance.Endpoint{Index: 3, Address: refusing(t), Incarnation: 7, State: balance.Down})
	r.apply(false, endpoints...)
	c := r.client()
	c.wantOpen("ok")
	c.wantOpen("ok")
	hanging := r.client().send("GET /hang HTTP/1.1\r\nHost: x\r\n\r\n")
	r.client().do("GET /up HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
	eventually(t, "the worker has all", func() bool { return s.requests.Load() == 4 })
	time.Sleep(20 * time.Millisecond) // the least age of the one that hangs
	got := r.ask(endpoints...)
	if len(got.Endpoints) != 2 || got.Waiting != 0 {
		t.Fatalf("figures: got %+v, want two endpoints and none waiting", got)
	}
	first, second := got.Endpoints[0], got.Endpoints[1]
	if first.OldestMillis < 20 {
		t.Errorf("oldest: got %d ms, want 20 at least", first.OldestMillis)
	}
	first.OldestMillis = 0
	if want := (EndpointFigures{Index: 0, Incarnation: 1, Served: 4, InFlight: 1, Tunnels: 1}); first != want {
		t.Errorf("figures: got %+v, want %+v", first, want)
	}
	if want := (EndpointFigures{Index: 3, Incarnation: 7}); second != want {
		t.Errorf("figures of a worker that is down: got %+v, want %+v", second, want)
	}
	r.elapse(int(r.proxy.options.Load().Services[0].ProxyReadTimeout.Milliseconds()) * 6 / 10)
	if got, want := r.ask(endpoints...).Endpoints[0].StuckMillis, r.proxy.options.Load().Services[0].ProxyReadTimeout.Milliseconds()/2; got <= want {
		t.Errorf("stuck: got %d ms, want more than half of the read timeout, %d ms: the tunnel does not count, the other does", got, want)
	}
	close(gate)
	hanging.read("GET").want(t, 200, "ok")
	if got := r.ask(endpoints...).Endpoints[0].StuckMillis; got != 0 {
		t.Errorf("stuck with a tunnel alone: got %d ms, want 0", got)
	}
}

func TestThereAreNoFiguresUnasked(t *testing.T) {
	r := newRig(t, nil)
	r.workers(newStub(t, constant("ok")).address)
	r.client().wantOpen("ok")
	if got := r.report("any", func(Report) bool { return true }); got.Figures != nil || got.Asked != 0 {
		t.Errorf("report: got %+v, want it without figures", got)
	}
}

func TestAWorkerThatHasHadItsRequestsIsReported(t *testing.T) {
	r := newRig(t, nil)
	s := newStub(t, constant("ok"))
	endpoints := up(s.address)
	endpoints[0].RequestsMax = 5
	r.apply(false, endpoints...)
	c := r.client()
	for range 4 {
		c.wantOpen("ok")
	}
	r.apply(false, endpoints...)
	if got := r.report("the snapshot's", func(Report) bool { return true }); len(got.Exhausted) != 0 {
		t.Fatalf("exhausted after 4 of 5: got %v, want none", got.Exhausted)
	}
	c.wantOpen("ok")
	id := EndpointID{Index: 0, Incarnation: 1}
	got := r.report("exhausted", func(got Report) bool { return len(got.Exhausted) > 0 })
	if got.Exhausted[0] != id {
		t.Errorf("exhausted: got %v, want %v", got.Exhausted, id)
	}
	c.wantOpen("ok") // it serves until PID 1 drains it
	endpoints[0].Incarnation++
	r.apply(false, endpoints...)
	if got := r.report("of the successor", func(Report) bool { return true }); len(got.Exhausted) != 0 {
		t.Errorf("exhausted: got %v, want the successor to start anew", got.Exhausted)
	}
}

func TestALimitThatComesLaterCountsWhatWasBefore(t *testing.T) {
	r := newRig(t, nil)
	endpoints := up(newStub(t, constant("ok")).address)
	r.apply(false, endpoints...)
	c := r.client()
	c.wantOpen("ok")
	c.wantOpen("ok")
	endpoints[0].RequestsMax = 2
	r.apply(false, endpoints...)
	r.report("exhausted", func(got Report) bool { return len(got.Exhausted) == 1 })
}

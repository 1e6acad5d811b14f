package lbproxy

import (
	"testing"
	"time"

	"percore/lbproxy/balance"
)

// at is an endpoint where no socket listens.
func at(t *testing.T, e balance.Endpoint) balance.Endpoint {
	e.Address = refusing(t)
	return e
}

// TestARequestIsNotKeptWaitingForNothing has requests come, and wait already, when a snapshot says what is to be
// expected.
func TestARequestIsNotKeptWaitingForNothing(t *testing.T) {
	soon, late := time.Now().Add(time.Second), time.Now().Add(time.Hour)
	tests := []struct {
		name       string
		endpoints  []balance.Endpoint
		retryAfter string // empty: it waits
	}{
		{"no worker is there", nil, "1"},
		{"all are done for", []balance.Endpoint{{Proven: true}, {Index: 1, Proven: true}}, "1"},
		{"all are done for, and none has ever been up", []balance.Endpoint{{}}, "1"},
		{"one starts", []balance.Endpoint{{}, {Index: 1, Coming: true, Proven: true}}, ""},
		{"one is to start soon", []balance.Endpoint{{Coming: true, Due: late, Proven: true}, {Index: 1, Coming: true, Due: soon}}, ""},
		{"the next start is far away", []balance.Endpoint{{Coming: true, Due: late, Proven: true}}, "60"},
		{"the next start is a little too far away", []balance.Endpoint{{Coming: true, Due: time.Now().Add(20500 * time.Millisecond), Proven: true}}, "21"},
		{"during the first start it is not too far", []balance.Endpoint{{Coming: true, Due: time.Now().Add(20 * time.Second)}}, ""},
		{"the last one leaves for good", []balance.Endpoint{{State: balance.Draining, Proven: true}}, "1"},
		{"the last one is replaced", []balance.Endpoint{{State: balance.Draining, Proven: true, Coming: true}}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, nil)
			var list []balance.Endpoint
			for _, e := range test.endpoints {
				list = append(list, at(t, e))
			}
			before := r.client().send(getRequest)
			eventually(t, "it waits", func() bool { return r.proxy.services[0].Waiting() == 1 })
			r.apply(false, list...)
			after := r.client().send(getRequest)
			if test.retryAfter == "" {
				eventually(t, "both wait", func() bool { return r.proxy.services[0].Waiting() == 2 })
				r.workers(newStub(t, constant("ok")).address)
				before.read("GET").want(t, 200, "ok")
				after.read("GET").want(t, 200, "ok")
				return
			}
			for _, c := range []*caller{before, after} {
				a := c.read("GET")
				a.want(t, 503, "~no worker runs, and none is about to start")
				if got := a.Header.Get("Retry-After"); got != test.retryAfter {
					t.Errorf("got Retry-After %q, want %q", got, test.retryAfter)
				}
			}
			wantCount(t, "waiting requests", r.proxy.services[0].Waiting(), 0)
		})
	}
}

// TestTheFirstStartIsWaitedFor has a fleet take longer to start for the first time than a request waits otherwise.
func TestTheFirstStartIsWaitedFor(t *testing.T) {
	r := newRig(t, func(o *Options) {
		o.Services[0].QueueTimeout, o.Services[0].ReadyTimeout, o.Services[0].ProxyReadTimeout = time.Minute, time.Hour, time.Hour
	})
	starting := at(t, balance.Endpoint{Coming: true})
	r.apply(false, starting)
	c := r.client().send(getRequest)
	eventually(t, "it waits", func() bool { return r.proxy.services[0].Waiting() == 1 })
	r.elapse(30 * 60_000)
	wantCount(t, "requests that wait after half of READY_TIMEOUT", r.proxy.services[0].Waiting(), 1)

	// The first worker is up, and has no place for it: from now on it waits as any other does.
	r.onLoop(func(l *loop) { l.services[0].balancer.Configure(balance.LeastConn, 1) })
	gate := make(chan struct{})
	s := newStub(t, func(q *stubRequest) bool { <-gate; return q.ok("ok") })
	release := r.hold()
	first := r.client().send(getRequest)
	release()
	eventually(t, "two wait", func() bool { return r.proxy.services[0].Waiting() == 2 })
	r.workers(s.address)
	eventually(t, "one is served", func() bool { return r.proxy.services[0].Waiting() == 1 })
	r.elapse(50_000)
	wantCount(t, "requests that wait with the worker", r.proxy.services[0].Waiting(), 1)
	r.elapse(20_000)
	first.read("GET").want(t, 503, "~no worker was free in time")
	close(gate)
	c.read("GET").want(t, 200, "ok")
}

func TestTheFirstStartIsNotWaitedForForEver(t *testing.T) {
	r := newRig(t, func(o *Options) {
		o.Services[0].QueueTimeout, o.Services[0].ReadyTimeout = time.Millisecond, 100*time.Millisecond
	})
	r.apply(false, at(t, balance.Endpoint{Coming: true}))
	r.client().do(getRequest).want(t, 503, "~no worker was ready in time")
	r.configure(func(o *Options) { o.Services[0].ReadyTimeout = time.Hour })
	r.apply(false, at(t, balance.Endpoint{Coming: true, Proven: true})) // a fleet that has been up
	r.client().do(getRequest).want(t, 503, "~no worker was ready in time")
}

// TestAFirstStartOnTheWrongPortIsNotWaitedFor has it turn out that the worker listens elsewhere, while a request waits
// for it already.
func TestAFirstStartOnTheWrongPortIsNotWaitedFor(t *testing.T) {
	const trouble = "webs:web-8000 listens on 0.0.0.0:9000 instead of 127.0.0.1:8000"
	r := newRig(t, func(o *Options) {
		o.Services[0].QueueTimeout, o.Services[0].ReadyTimeout = 50*time.Millisecond, time.Hour
	})
	starting := at(t, balance.Endpoint{Coming: true})
	r.apply(false, starting)
	c := r.client().send(getRequest)
	eventually(t, "it waits", func() bool { return r.proxy.services[0].Waiting() == 1 })
	starting.Trouble = trouble
	r.apply(false, starting)
	for _, waiting := range []*caller{c, r.client().send(getRequest)} {
		waiting.read("GET").want(t, 503, "~no worker was ready in time: "+trouble)
	}
}

// age makes all workers older.
func (r *rig) age(d time.Duration) {
	r.onLoop(func(l *loop) {
		for _, t := range l.services[0].table.Backends() {
			t.Known = t.Known.Add(-d)
		}
	})
}

func TestWorkersThatAllRefuseAreA502Soon(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Services[0].QueueTimeout = time.Hour })
	r.workers(refusing(t), refusing(t))
	r.age(time.Hour)
	start := time.Now()
	r.client().do(post("abc")).want(t, 502, "~the worker refused the connection")
	if took := time.Since(start); took < 500*time.Millisecond {
		t.Errorf("got it after %v, want half a second at least", took)
	}
}

// TestAWorkerThatHasJustStartedMayRefuse is for PERCORE_READY=none: such a worker is up before it listens.
func TestAWorkerThatHasJustStartedMayRefuse(t *testing.T) {
	r := newRig(t, nil)
	r.workers(refusing(t), refusing(t))
	r.age(time.Second)
	c := r.client().send(getRequest)
	eventually(t, "it waits", func() bool { return r.proxy.services[0].Waiting() == 1 })
	r.elapse(1000)
	r.elapse(retryMillis + 1)
	wantCount(t, "requests", int64(r.exchanges()), 1)
	r.workers(newStub(t, constant("ok")).address)
	c.read("GET").want(t, 200, "ok")
}

// TestAWorkerThatDiesWhileItRefusesIsWaitedFor: the front door sees the refusals of a worker that has died before PID
// 1 says so.
func TestAWorkerThatDiesWhileItRefusesIsWaitedFor(t *testing.T) {
	r := newRig(t, nil)
	r.workers(refusing(t))
	r.age(time.Hour)
	c := r.client().send(getRequest)
	eventually(t, "it was refused and waits", func() bool { return r.proxy.services[0].Waiting() == 1 })
	r.apply(false, at(t, balance.Endpoint{Incarnation: 2, Proven: true, Coming: true}))
	r.elapse(5000)
	r.elapse(retryMillis + 1)
	wantCount(t, "waiting requests", r.proxy.services[0].Waiting(), 1)
	r.apply(false, balance.Endpoint{Address: newStub(t, constant("ok")).address, Incarnation: 2, State: balance.Up, Proven: true})
	c.read("GET").want(t, 200, "ok")
}

// TestAWorkerThatIsBusyHasNotRefused, so that a request which another refuses goes on waiting for it.
func TestAWorkerThatIsBusyHasNotRefused(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Services[0].WorkerConcurrency = 1 })
	gate := make(chan struct{})
	s := newStub(t, func(q *stubRequest) bool { <-gate; return q.ok("ok") })
	r.workers(s.address)
	first := r.client().send(getRequest)
	eventually(t, "the worker is busy", func() bool { return s.requests.Load() == 1 })
	r.workers(s.address, refusing(t))
	r.age(time.Hour)
	second := r.client().send(getRequest)
	eventually(t, "it was refused and waits", func() bool { return r.proxy.services[0].Waiting() == 1 })
	r.elapse(1000)
	r.elapse(retryMillis + 1)
	wantCount(t, "waiting requests", r.proxy.services[0].Waiting(), 1)
	close(gate)
	first.read("GET").want(t, 200, "ok")
	second.read("GET").want(t, 200, "ok")
}

// TestTheFirstStartIsNotHeldAgainstARequest that the first worker then refuses, as it is up before it listens.
func TestTheFirstStartIsNotHeldAgainstARequest(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Services[0].QueueTimeout, o.Services[0].ReadyTimeout = time.Minute, time.Hour })
	r.apply(false, at(t, balance.Endpoint{Coming: true}))
	c := r.client().send(getRequest)
	eventually(t, "it waits", func() bool { return r.proxy.services[0].Waiting() == 1 })
	r.elapse(30 * 60_000)
	r.workers(refusing(t))
	eventually(t, "it was refused and waits again", func() bool { return r.exchanges() == 1 && r.proxy.services[0].Waiting() == 1 })
	r.workers(newStub(t, constant("ok")).address)
	c.read("GET").want(t, 200, "ok")
}

package lbproxy

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"percore/lbproxy/balance"
	"percore/lbproxy/timer"
)

// twoServices gives the front door a second service, whose settings adjust may change. No step routes to it: these
// tests do.
func twoServices(adjust func(*ServiceOptions)) func(*Options) {
	return func(o *Options) {
		o.Services = append(o.Services, o.Services[0])
		if adjust != nil {
			adjust(&o.Services[1])
		}
	}
}

// starting is a worker of the first service that is on its way, so that requests wait for it.
var starting = balance.Endpoint{Name: "workers:worker-0", Address: "127.0.0.1:1", Incarnation: 1, Coming: true}

// serves applies the workers of both services.
func (r *rig) serves(first, second []string) {
	r.t.Helper()
	endpoints := up(first...)
	if len(first) == 0 {
		endpoints = append(endpoints, starting)
	}
	for _, e := range up(second...) {
		e.Service, e.Name = 1, "other"+e.Name
		endpoints = append(endpoints, e)
	}
	r.apply(false, endpoints...)
}

// toSecond sends a request that the second service answers: it waits for the first, which has no worker, and then
// goes over.
func (r *rig) toSecond(request string) *caller {
	r.t.Helper()
	c := r.client().send(request)
	eventually(r.t, "it waits at the first service", func() bool { return r.proxy.services[0].Waiting() == 1 })
	r.onLoop(func(l *loop) {
		x := l.exchanges.all[l.services[0].balancer.Waiting()[0].ID]
		x.unpark()
		x.service = l.services[1]
		x.assign()
		l.retime(x.id)
	})
	return c
}

func TestTwoServicesShareNoWorker(t *testing.T) {
	r := newRig(t, twoServices(nil))
	s := newStub(t, func(q *stubRequest) bool { return q.ok(fmt.Sprint("second ", q.conn)) })
	r.serves(nil, []string{s.address})
	for range 2 { // over one connection, which is kept in the second service's pool
		r.toSecond(getRequest).read("GET").want(t, 200, "second 1")
	}
	r.onLoop(func(l *loop) {
		if n, m := len(l.services[0].pools.of), l.services[1].pools.of[0].size; n != 0 || m != 1 {
			t.Errorf("kept connections: got pools of %d workers at the first service and %d connections at the second", n, m)
		}
	})
	waits := r.client().send(getRequest)
	eventually(t, "the first has none to give", func() bool { return r.proxy.services[0].Waiting() == 1 })
	first := newStub(t, constant("first"))
	r.serves([]string{first.address}, []string{s.address})
	waits.read("GET").want(t, 200, "first")
	wantCount(t, "requests at the first service's worker", first.requests.Load(), 1)
	wantCount(t, "requests at the second's", s.requests.Load(), 2)
}

func TestTheQueuesOfTwoServicesAreTheirOwn(t *testing.T) {
	r := newRig(t, twoServices(func(o *ServiceOptions) { o.WorkerConcurrency, o.QueueSize = 1, 1 }))
	gate := make(chan struct{})
	s := newStub(t, func(q *stubRequest) bool { <-gate; return q.ok("ok") })
	r.serves(nil, []string{s.address})
	served := r.toSecond(getRequest)
	eventually(t, "the worker has it", func() bool { return s.requests.Load() == 1 })
	waits := r.toSecond(getRequest)
	wantCount(t, "those that wait for the first", r.proxy.services[0].Waiting(), 0)
	wantCount(t, "those that wait for the second", r.proxy.services[1].Waiting(), 1)
	r.toSecond(getRequest).read("GET").want(t, 503, "~too many requests wait")
	if figures := r.askServices(s.address); figures.Waiting != 1 {
		t.Errorf("figures: got %+v, want one that waits", figures)
	}
	close(gate)
	for _, c := range []*caller{served, waits} {
		c.read("GET").want(t, 200, "ok")
	}
}

// askServices asks for figures while the second service has a worker.
func (r *rig) askServices(second string) *Figures {
	r.t.Helper()
	r.seq++
	e := up(second)[0]
	e.Service, e.Name = 1, "other"+e.Name
	if err := r.proxy.Apply(Snapshot{Seq: r.seq, Endpoints: []balance.Endpoint{starting, e}, Ask: r.seq}); err != nil {
		r.t.Fatal(err)
	}
	return r.report("figures", func(got Report) bool { return got.Asked == r.seq }).Figures
}

func TestTheTimesOfTwoServicesAreTheirOwn(t *testing.T) {
	tests := []struct {
		name   string
		adjust func(*ServiceOptions)
		up     bool
		status int
		body   string
	}{
		{
			"to answer", func(o *ServiceOptions) { o.ProxyReadTimeout = 50 * time.Millisecond },
			true, 504, "~the worker did not answer in time",
		},
		{
			"to wait", func(o *ServiceOptions) { o.QueueTimeout = 50 * time.Millisecond },
			false, 503, "~no worker was ready in time",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, func(o *Options) {
				o.Services[0].QueueTimeout, o.Services[0].ProxyReadTimeout = time.Hour, time.Hour
				twoServices(test.adjust)(o)
			})
			s := newStub(t, func(q *stubRequest) bool { _, _ = q.in.ReadByte(); return false })
			if test.up {
				r.serves(nil, []string{s.address})
			}
			r.toSecond(getRequest).read("GET").want(t, test.status, test.body) // in its own time: the first has hours
		})
	}
}

func TestAReportSaysWhoseAWorkerIs(t *testing.T) {
	r := newRig(t, twoServices(nil))
	a, b := newStub(t, constant("a")), newStub(t, constant("b"))
	endpoints := up(a.address, b.address)
	endpoints[1].Service, endpoints[1].Index, endpoints[1].State = 1, 0, balance.Draining
	r.apply(false, endpoints...)
	got := r.report("one is drained", func(got Report) bool { return len(got.Drained) > 0 })
	if want := (EndpointID{Service: 1, Index: 0, Incarnation: 1}); len(got.Drained) != 1 || got.Drained[0] != want {
		t.Errorf("drained: got %+v, want %+v", got.Drained, want)
	}
}

func TestServicesAreAsManyAsThereAre(t *testing.T) {
	r := newRig(t, twoServices(nil))
	for service, fine := range map[int]bool{-1: false, 0: true, 1: true, 2: false} {
		r.seq++
		e := balance.Endpoint{Service: service, Name: "w", Address: "127.0.0.1:1", State: balance.Down}
		err := r.proxy.Apply(Snapshot{Seq: r.seq, Endpoints: []balance.Endpoint{e}})
		if fine != (err == nil) || err != nil && !strings.Contains(err.Error(), "is not in 0…1") {
			t.Errorf("an endpoint of service %d: got error %v, want it fine %v", service, err, fine)
		}
	}
	err := r.proxy.Configure(DefaultOptions())
	if err == nil || !strings.Contains(err.Error(), "1 services, want the 2") {
		t.Errorf("settings of one service: got error %v", err)
	}
	_, err = New(Options{Loops: 1}, nil, nil, nil, nil)
	if err == nil || !strings.Contains(err.Error(), "no service") {
		t.Errorf("settings of none: got error %v", err)
	}
}

func TestEachServiceHasTimersOfItsOwn(t *testing.T) {
	seen := map[timer.Class]bool{}
	for class := timerHeader; class < timerConnect; class++ {
		seen[class] = true
		if kindOf(class) != class {
			t.Errorf("class %d, which all share: got kind %d", class, kindOf(class))
		}
	}
	timers := newTimers(servicesMax)
	for id := range servicesMax {
		s := &service{id: id}
		for class := timerConnect; class < timersEnd; class++ {
			own := s.timer(class)
			if seen[own] || kindOf(own) != class || id == 0 && own != class {
				t.Fatalf("class %d of service %d: got %d, of kind %d, taken %v", class, id, own, kindOf(own), seen[own])
			}
			seen[own] = true
			timers.Resize(own, 1) // there is such a class
		}
	}
}

package lbproxy

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"percore/internal/trial"
	"percore/lbproxy/balance"
)

// capped gives each worker n requests at once, and the front door two loops.
func capped(n int) func(*Options) {
	return func(o *Options) { o.Services[0].WorkerConcurrency, o.Loops = n, 2 }
}

// counting is a worker that knows how many requests it had at once.
type counting struct {
	*stub
	now, most atomic.Int64
}

// newCounting starts one that works on each request and then answers. It counts until just before the response: a
// client that has read that may send the next.
func newCounting(t *testing.T, work func()) *counting {
	c := &counting{}
	c.stub = newStub(t, func(q *stubRequest) bool {
		n := c.now.Add(1)
		for most := c.most.Load(); n > most && !c.most.CompareAndSwap(most, n); most = c.most.Load() {
		}
		work()
		c.now.Add(-1)
		return q.ok("ok")
	})
	return c
}

// atRest runs f while every loop stands still between two turns.
func (r *rig) atRest(f func()) {
	var entered sync.WaitGroup
	leave := make(chan struct{})
	for _, l := range r.proxy.loops {
		entered.Add(1)
		l.post(func(*loop) { entered.Done(); <-leave })
	}
	entered.Wait()
	defer close(leave)
	f()
}

// TestNoRequestWaitsWhileAWorkerIsFree loads two loops with more requests than the workers may have, and looks again
// and again while the loops stand still.
func TestNoRequestWaitsWhileAWorkerIsFree(t *testing.T) {
	for _, method := range []balance.Method{balance.LeastConn, balance.RoundRobin, balance.Random} {
		for _, n := range []int{1, 2} {
			t.Run(fmt.Sprintf("%s, %d at once", method, n), func(t *testing.T) { checkWorkConserving(t, method, n) })
		}
	}
}

func checkWorkConserving(t *testing.T, method balance.Method, n int) {
	r := newRig(t, func(o *Options) { capped(n)(o); o.Services[0].Balance = method })
	var workers []*counting
	var addresses []string
	for range 4 {
		w := newCounting(t, func() { time.Sleep(time.Duration(rand.IntN(2000)) * time.Microsecond) })
		workers, addresses = append(workers, w), append(addresses, w.address)
	}
	r.workers(addresses...)
	stop, failed := make(chan struct{}), make(chan error, 24)
	for range cap(failed) {
		go func() { failed <- getUntil(r.address, stop) }()
	}
	waited := 0
	for range 100 {
		time.Sleep(2 * time.Millisecond)
		r.atRest(func() {
			table, waiting := r.proxy.services[0].Table(), r.proxy.services[0].Waiting()
			for i, e := range table.Backends() {
				if got := e.InFlight(); got > int64(n) {
					t.Errorf("worker %d: got %d requests at once, want %d at most", i, got, n)
				}
			}
			if waiting > 0 {
				waited++
				if r.proxy.loops[0].services[0].balancer.AnyFree(table) {
					t.Errorf("%d requests wait while a worker is free", waiting)
				}
			}
		})
	}
	close(stop)
	for range cap(failed) {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
	for i, w := range workers {
		if most := w.most.Load(); most > int64(n) || w.requests.Load() == 0 {
			t.Errorf("worker %d: saw %d requests, %d at once; want some, %d at most at once", i, w.requests.Load(), most, n)
		}
	}
	if waited == 0 {
		t.Error("no request ever waited: this test showed nothing")
	}
}

func TestTheOldestRequestOfAllLoopsGetsTheFreePlace(t *testing.T) {
	r := newRig(t, capped(1))
	gate := make(chan struct{})
	var order trial.Buffer
	s := newStub(t, func(q *stubRequest) bool { <-gate; fmt.Fprint(&order, q.path()); return q.ok("ok") })
	r.workers(s.address)
	var clients []*caller
	var want strings.Builder
	for i := range 30 {
		clients = append(clients, r.client().send(fmt.Sprintf("GET /%d HTTP/1.1\r\nHost: x\r\n\r\n", i)))
		eventually(t, "it has its turn or waits", func() bool { return s.requests.Load() == 1 && r.proxy.services[0].Waiting() == int64(i) })
		fmt.Fprintf(&want, "/%d", i)
	}
	loops := map[int]bool{}
	for _, l := range r.proxy.loops {
		if len(l.services[0].balancer.Waiting()) > 0 {
			loops[l.id] = true
		}
	}
	close(gate)
	for _, c := range clients {
		c.read("GET").want(t, 200, "ok")
	}
	if got := order.String(); got != want.String() {
		t.Errorf("order: got %s, want %s", got, want.String())
	}
	if len(loops) != 2 {
		t.Logf("all requests were in one of the loops")
	}
}

func TestAWaitForABusyWorkerIsBounded(t *testing.T) {
	r := newRig(t, func(o *Options) {
		capped(1)(o)
		o.Services[0].QueueSize, o.Services[0].QueueTimeout = 1, 100*time.Millisecond
	})
	gate := make(chan struct{})
	s := newStub(t, func(q *stubRequest) bool { <-gate; return q.ok("ok") })
	r.workers(s.address)
	first := r.client().send(getRequest)
	eventually(t, "the worker is busy", func() bool { return s.requests.Load() == 1 })
	second := r.client().send(getRequest)
	eventually(t, "one waits", func() bool { return r.proxy.services[0].Waiting() == 1 })
	third := r.client().do(getRequest)
	third.want(t, 503, "~too many requests wait")
	late := second.read("GET")
	late.want(t, 503, "~no worker was free in time")
	if third.Header.Get("Retry-After") == "" || late.Header.Get("Retry-After") == "" {
		t.Error("a 503 comes without Retry-After")
	}
	close(gate)
	first.read("GET").want(t, 200, "ok")
	second.wantOpen("ok")
}

func TestAClientThatLeftTheQueueNeverReachesItsWorker(t *testing.T) {
	r := newRig(t, capped(1))
	gate := make(chan struct{})
	s := newStub(t, func(q *stubRequest) bool { <-gate; return q.ok(q.path()) })
	r.workers(s.address)
	first := r.client().send(getRequest)
	eventually(t, "the worker is busy", func() bool { return s.requests.Load() == 1 })
	for i := range 40 {
		c := r.client().send(fmt.Sprintf("GET /gone%d HTTP/1.1\r\nHost: x\r\n\r\n", i))
		eventually(t, "it waits", func() bool { return r.proxy.services[0].Waiting() == 1 })
		if i%2 == 0 {
			_ = c.SetLinger(0)
		}
		c.Close()
		eventually(t, "it is forgotten", func() bool { return r.proxy.services[0].Waiting() == 0 })
	}
	last := r.client().send("GET /last HTTP/1.1\r\nHost: x\r\n\r\n")
	close(gate)
	first.read("GET").want(t, 200, "/")
	last.read("GET").want(t, 200, "/last")
	wantCount(t, "requests at the worker", s.requests.Load(), 2)
}

// TestAPlaceThatWasGivenToOneWhoLeftIsPassedOn lets a client leave between the grant and its use.
func TestAPlaceThatWasGivenToOneWhoLeftIsPassedOn(t *testing.T) {
	for _, crowded := range []bool{false, true} {
		t.Run(fmt.Sprint("seen by a look at the socket ", crowded), func(t *testing.T) {
			r := newRig(t, func(o *Options) { o.Services[0].WorkerConcurrency = 1 })
			gate := make(chan struct{})
			s := newStub(t, func(q *stubRequest) bool { <-gate; return q.ok(q.path()) })
			r.workers(s.address)
			first := r.client().send(getRequest)
			eventually(t, "the worker is busy", func() bool { return s.requests.Load() == 1 })
			gone := r.client().send("GET /gone HTTP/1.1\r\nHost: x\r\n\r\n")
			eventually(t, "one waits", func() bool { return r.proxy.services[0].Waiting() == 1 })
			next := r.client().send("GET /next HTTP/1.1\r\nHost: x\r\n\r\n")
			eventually(t, "two wait", func() bool { return r.proxy.services[0].Waiting() == 2 })
			release := r.hold()
			time.Sleep(2 * finLagMillis * time.Millisecond)
			gone.Close()
			time.Sleep(20 * time.Millisecond)
			r.proxy.loops[0].post(func(l *loop) { // as if the worker had just answered, and the FIN was not seen yet
				l.serveOneMore()
				if crowded {
					l.crowded = true
					l.takeGrants()
				} else {
					l.granted().abort(causeClientClosed)
				}
				l.serveOneMore()
			})
			release()
			close(gate)
			first.read("GET").want(t, 200, "/")
			next.read("GET").want(t, 200, "/next")
			wantCount(t, "requests at the worker", s.requests.Load(), 2)
		})
	}
}

// serveOneMore does to the queue what a response of the worker would do, and undoes what it did to the worker's count.
func (l *loop) serveOneMore() {
	l.services[0].table.At(0).Release()
	l.services[0].balancer.Serve(l.steady())
	unlimited := balance.NewBalancer(l.proxy.services[0], &l.mailbox, l.id)
	unlimited.Choose(l.services[0].table, &balance.Waiter{}, l.steady())
}

// granted is the exchange that has a place and is yet to use it.
func (l *loop) granted() *exchange {
	for _, x := range l.exchanges.all {
		if x.wait.Place != nil {
			return x
		}
	}
	return nil
}

func TestATunnelTakesNoPlaceOfARequest(t *testing.T) {
	r := newRig(t, capped(1))
	s := newStub(t, func(q *stubRequest) bool {
		if q.path() == "/up" {
			q.say("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
			_, _ = io.Copy(io.Discard, q.in)
			return false
		}
		return q.ok("ok")
	})
	r.workers(s.address)
	tunnel := r.client()
	if a := tunnel.do("GET /up HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"); a.StatusCode != 101 {
		t.Fatalf("status: got %d, want 101", a.StatusCode)
	}
	r.client().wantOpen("ok")
	e := r.worker(0)
	wantCount(t, "tunnels", e.Tunnels(), 1)
	tunnel.Close()
	eventually(t, "the tunnel is gone", func() bool { return e.Load() == 0 })
}

func TestARepeatOnAFreshConnectionKeepsItsPlace(t *testing.T) {
	r := newRig(t, capped(1))
	s := newStub(t, closesKept)
	r.workers(s.address)
	c := r.client()
	c.do(getRequest).want(t, 200, "1")
	c.do(getRequest).want(t, 200, "2")
	e := r.worker(0)
	eventually(t, "the place is free again", func() bool { return e.InFlight() == 0 })
}

// TestRequestsAreHeldWhileTheOnlyWorkerIsReplaced is what a rolling restart of a single worker looks like.
func TestRequestsAreHeldWhileTheOnlyWorkerIsReplaced(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Services[0].QueueSize, o.Loops = 3, 2 })
	gate := make(chan struct{})
	old, next := newStub(t, func(q *stubRequest) bool { <-gate; return q.ok("old") }), newStub(t, constant("new"))
	endpoint := balance.Endpoint{Address: old.address, Incarnation: 1, State: balance.Up}
	r.apply(false, endpoint)
	inFlight := r.client().send(getRequest)
	eventually(t, "the worker has one", func() bool { return old.requests.Load() == 1 })
	endpoint.State, endpoint.Coming = balance.Draining, true
	r.apply(false, endpoint)
	r.report("every loop knows", func(Report) bool { return true })
	var held []*caller
	for i := range 3 {
		held = append(held, r.client().send(getRequest))
		eventually(t, "it is held", func() bool { return r.proxy.services[0].Waiting() == int64(i+1) })
	}
	r.client().do(getRequest).want(t, 503, "~too many requests wait")
	close(gate)
	inFlight.read("GET").want(t, 200, "old")
	r.report("drained", func(got Report) bool { return len(got.Drained) == 1 && got.Drained[0].Incarnation == 1 })
	endpoint.State = balance.Down
	r.apply(false, endpoint)
	r.apply(false, balance.Endpoint{Address: next.address, Incarnation: 2, State: balance.Up})
	for _, c := range held {
		c.read("GET").want(t, 200, "new")
	}
	wantCount(t, "requests at the old worker", old.requests.Load(), 1)
}

func TestTheWorkerLearnsWhenItsRequestCame(t *testing.T) {
	for _, trusted := range []bool{false, true} {
		t.Run(fmt.Sprint("from a trusted proxy ", trusted), func(t *testing.T) {
			r := newRig(t, func(o *Options) {
				if trusted {
					o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
				}
			})
			c := r.client()
			before := time.Now().UnixMilli()
			c.send("GET / HTTP/1.1\r\nHost: x\r\nX-Request-Start: t=1\r\n\r\n")
			eventually(t, "it waits", func() bool { return r.proxy.services[0].Waiting() == 1 })
			after := time.Now().UnixMilli()
			time.Sleep(20 * time.Millisecond) // what it waits is not its start
			s := newStub(t, constant("ok"))
			r.workers(s.address)
			c.read("GET").want(t, 200, "ok")
			c.wantOpen("ok")
			first := header(s.heads[0])["X-Request-Start"]
			if trusted {
				if len(first) != 1 || first[0] != "t=1" {
					t.Errorf("X-Request-Start: got %q, want the proxy's", first)
				}
				first, after = header(s.heads[1])["X-Request-Start"], time.Now().UnixMilli()
			}
			var at int64
			if len(first) == 1 {
				_, _ = fmt.Sscanf(first[0], "t=%d", &at)
			}
			if at < before || at > after {
				t.Errorf("X-Request-Start: got %q, want one of t=%d…%d", first, before, after)
			}
		})
	}
}

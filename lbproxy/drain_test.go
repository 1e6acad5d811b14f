package lbproxy

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"percore/lbproxy/balance"
	"percore/lbproxy/timer"
)

// drain tells the front door to stop taking connections, with the workers as they are.
func (r *rig) drain(addresses ...string) { r.t.Helper(); r.apply(true, up(addresses...)...) }

// lengthen makes a time that no setting says longer than any test waits: its end is not what is tried, and clients are
// goroutines of a machine that may be slow.
func (r *rig) lengthen(class timer.Class) {
	r.t.Helper()
	for _, l := range r.proxy.loops {
		done := make(chan struct{})
		l.post(func(l *loop) { defer close(done); l.timers.Resize(class, time.Hour.Milliseconds()) })
		<-done
	}
}

func TestARequestLoopIsToldToCloseAndLosesNothing(t *testing.T) {
	r := newRig(t, nil)
	s := newStub(t, constant("ok"))
	r.workers(s.address)
	c := r.client()
	c.wantOpen("ok")
	r.drain(s.address)
	a := c.do(getRequest)
	a.want(t, 200, "ok")
	if !a.Close {
		t.Error("the answer during the drain keeps the connection, want Connection: close")
	}
	c.wantEnd()
}

func TestAnIdleConnectionGetsAFinAfterItsGrace(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	s := newStub(t, constant("ok"))
	r.workers(s.address)
	used, fresh := r.client(), r.client()
	used.wantOpen("ok")
	r.sockets(kindDownstream)
	start := time.Now()
	r.drain(s.address)
	used.wantEnd()
	fresh.wantEnd()
	if took := time.Since(start); took < graceMillis/2*time.Millisecond {
		t.Errorf("closed after %v, want about %d ms", took, graceMillis)
	}
}

func TestIdleConnectionsEndOneAfterTheOther(t *testing.T) {
	const clients = 50
	r := newRig(t, nil)
	s := newStub(t, constant("ok"))
	r.workers(s.address)
	for range clients {
		r.client().wantOpen("ok")
	}
	r.lengthen(timerGrace)
	r.drain(s.address)
	ages := map[int64]int{}
	r.onLoop(func(l *loop) {
		for slot := range int32(l.conns.size()) {
			if l.conns.at(slot).kind == kindDownstream && l.timers.Class(slot) == timerGrace {
				ages[l.timers.Age(slot, l.now)]++
			}
		}
	})
	oldest, youngest := slices.Max(slices.Collect(maps.Keys(ages))), slices.Min(slices.Collect(maps.Keys(ages)))
	if len(ages) != clients || oldest-youngest < graceSpreadMillis*9/10 || oldest-youngest > graceSpreadMillis {
		t.Errorf("ends of %d connections: got %d different ones, within %d ms, want all different and within %d",
			clients, len(ages), oldest-youngest, graceSpreadMillis)
	}
}

// TestALoopThatHasEndedKeepsNoSnapshotUnanswered, as long as another loop serves its last client: PID 1 would take
// that for a hang and kill it.
func TestALoopThatHasEndedKeepsNoSnapshotUnanswered(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(o *Options) { o.Loops = 2 })
	gate := make(chan struct{})
	s := newStub(t, func(q *stubRequest) bool { <-gate; return q.ok("ok") })
	r.workers(s.address)
	c := r.client().send(getRequest)
	eventually(t, "the worker has the request", func() bool { return s.requests.Load() == 1 })
	r.drain(s.address)
	r.proxy.Finish()
	eventually(t, "one loop has ended", func() bool {
		return r.proxy.loops[0].seen.Load() == math.MaxUint64 || r.proxy.loops[1].seen.Load() == math.MaxUint64
	})
	r.drain(s.address)
	r.report("the newest snapshot's", func(Report) bool { return true })
	close(gate)
	c.read("GET").want(t, 200, "ok")
}

func TestARequestInFlightIsFinishedDuringTheDrain(t *testing.T) {
	r := newRig(t, nil)
	gate := make(chan struct{})
	s := newStub(t, func(q *stubRequest) bool { b, _ := q.body(); <-gate; return q.ok(b) })
	r.workers(s.address)
	c, slow := r.client().send(post("abc")), r.client().send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhe")
	eventually(t, "the worker has one", func() bool { return s.requests.Load() == 1 && r.exchanges() == 2 })
	r.drain(s.address)
	eventually(t, "the listeners are closed", r.listenersClosed)
	slow.send("llo")
	close(gate)
	for i, a := range []answer{c.read("POST"), slow.read("POST")} {
		a.want(t, 200, []string{"abc", "hello"}[i])
		if !a.Close {
			t.Errorf("answer %d keeps the connection, want Connection: close", i)
		}
	}
	c.wantEnd()
	slow.wantEnd()
}

// TestAPartOfARequestThatWasSentAheadHoldsNoDrainUp has half a head wait behind a response that began before the
// drain.
func TestAPartOfARequestThatWasSentAheadHoldsNoDrainUp(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(o *Options) { o.ClientHeaderTimeout = time.Hour })
	gate := make(chan struct{})
	s := newStub(t, func(q *stubRequest) bool {
		q.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no")
		<-gate
		return q.say("k")
	})
	r.workers(s.address)
	c := r.client().send(getRequest + "GET /half HTT")
	if _, err := c.in.Peek(1); err != nil {
		t.Fatal(err)
	}
	r.drain(s.address)
	r.fewTurns()
	close(gate)
	c.read("GET").want(t, 200, "ok")
	c.read("GET").want(t, 408, "~in time")
}

func (r *rig) listenersClosed() (closed bool) {
	r.onLoop(func(l *loop) { closed = len(l.accepter.listeners) == 0 })
	return closed
}

func TestTheListenersRefuseAfterTheDrain(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	s := newStub(t, constant("ok"))
	r.workers(s.address)
	r.drain(s.address)
	eventually(t, "the listeners are closed", r.listenersClosed)
	if c, err := net.Dial("tcp", r.address); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dial: got %v and error %v, want connection refused", c, err)
	}
}

// TestConnectionsMadeAroundTheDrainAreServedOrRefused starts clients until the front door refuses them: each that got
// a connection must get its response.
func TestConnectionsMadeAroundTheDrainAreServedOrRefused(t *testing.T) {
	for round := range 5 {
		t.Run(fmt.Sprint("round ", round), drainUnderConnects)
	}
}

func drainUnderConnects(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(o *Options) { o.Loops = 2 })
	s := newStub(t, constant("ok"))
	r.workers(s.address)
	var wg sync.WaitGroup
	var served, refused atomic.Int64
	for range 16 {
		wg.Go(func() {
			for {
				err := oneRequest(r.address)
				if errors.Is(err, errRefused) {
					refused.Add(1)
					return
				}
				if err != nil {
					t.Errorf("a client that was connected got %v", err)
					return
				}
				served.Add(1)
			}
		})
	}
	eventually(t, "there is load", func() bool { return served.Load() > 100 })
	r.drain(s.address)
	wg.Wait()
	wantCount(t, "clients refused in the end", refused.Load(), 16)
}

var errRefused = errors.New("refused")

// oneRequest connects, asks and reads the answer to its end.
func oneRequest(address string) error {
	c, err := net.DialTimeout("tcp", address, 5*time.Second)
	if errors.Is(err, syscall.ECONNREFUSED) {
		return errRefused
	}
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return err
	}
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	b, err := io.ReadAll(c)
	if err != nil || !strings.HasSuffix(string(b), "ok") {
		return fmt.Errorf("read: got %q and %w, want an answer", b, err)
	}
	return nil
}

// TestRequestLoopsThroughTheDrainLoseNothing has keep-alive clients that follow the rules: a connection that ends
// before a response began may be retried only if it ends by FIN on an idle connection, and that must not happen here
// at all.
func TestRequestLoopsThroughTheDrainLoseNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(o *Options) { o.Loops = 2 })
	s := newStub(t, constant("ok"))
	r.workers(s.address)
	var wg sync.WaitGroup
	var started atomic.Int64
	for range 16 {
		c := r.dial()
		wg.Go(func() {
			in := bufio.NewReader(c)
			for {
				if _, err := io.WriteString(c, getRequest); err != nil {
					t.Errorf("send: %v", err)
					return
				}
				started.Add(1)
				head := readHead(in)
				if _, err := in.Discard(2); err != nil || !strings.HasPrefix(head, "HTTP/1.1 200") {
					t.Errorf("answer: got %q and %v, want 200", head, err)
					return
				}
				if strings.Contains(head, "Connection: close") {
					return
				}
			}
		})
	}
	eventually(t, "there is load", func() bool { return started.Load() > 500 })
	r.lengthen(timerGrace)
	r.drain(s.address)
	wg.Wait()
}

// drained waits for a report on the newest snapshot that names the worker. It is false where none comes for so long.
func (r *rig) drained(index int, incarnation uint64, wait time.Duration) bool {
	r.t.Helper()
	for {
		select {
		case rep := <-r.reports:
			for _, d := range rep.Drained {
				if rep.Seq == r.seq && d.Index == index && d.Incarnation == incarnation {
					return true
				}
			}
		case <-time.After(wait):
			return false
		}
	}
}

// tooEarly is how long a report that must not come is waited for.
const tooEarly = 100 * time.Millisecond

func TestADrainingWorkerIsReportedOnceItsLastRequestHasEnded(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(o *Options) { o.Loops = 2 })
	gate := make(chan struct{})
	s, other := newStub(t, func(q *stubRequest) bool { <-gate; return q.ok("slow") }), newStub(t, constant("other"))
	endpoints := up(s.address)
	r.apply(false, endpoints...)
	c := r.client().send(getRequest)
	eventually(t, "the worker has it", func() bool { return s.requests.Load() == 1 })
	if r.drained(0, 1, tooEarly) {
		t.Error("a worker that is up was reported as drained")
	}
	endpoints[0].State = balance.Draining
	endpoints = append(endpoints, balance.Endpoint{Index: 1, Name: "other", Address: other.address, Incarnation: 7, State: balance.Up})
	r.apply(false, endpoints...)
	if r.drained(0, 1, tooEarly) {
		t.Error("the worker was reported while it had a request")
	}
	r.client().wantOpen("other")
	close(gate)
	c.read("GET").want(t, 200, "slow")
	if !r.drained(0, 1, patience) {
		t.Error("the worker was not reported after its last request")
	}
	endpoints[0] = balance.Endpoint{Index: 0, Name: "next", Address: s.address, Incarnation: 2, State: balance.Draining}
	r.apply(false, endpoints...)
	if !r.drained(0, 2, patience) {
		t.Error("the next incarnation, which never had a request, was not reported")
	}
}

func TestDrainingClosesKeptConnections(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Services[0].ProxyKeepaliveTimeout = time.Minute })
	s := newStub(t, constant("ok"))
	endpoints := up(s.address)
	r.apply(false, endpoints...)
	r.client().wantOpen("ok")
	eventually(t, "a connection is kept", func() bool { return r.kept() == 1 })
	endpoints[0].State = balance.Draining
	r.apply(false, endpoints...)
	eventually(t, "the worker sees the end", func() bool { return s.closed.Load() == 1 })
}

func TestANewIncarnationGetsNoOldConnection(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Services[0].ProxyKeepaliveTimeout = time.Minute })
	s := newStub(t, func(q *stubRequest) bool { return q.ok(fmt.Sprint(q.conn)) })
	endpoints := up(s.address)
	r.apply(false, endpoints...)
	c := r.client()
	c.wantOpen("1")
	endpoints[0].Incarnation = 2
	r.apply(false, endpoints...)
	c.wantOpen("2")
}

func TestAnOldSnapshotIsIgnored(t *testing.T) {
	r := newRig(t, nil)
	r.seq = 10
	good := newStub(t, constant("good"))
	r.workers(good.address)
	for _, seq := range []uint64{3, 11} {
		if err := r.proxy.Apply(Snapshot{Seq: seq, Endpoints: up(refusing(t)), Drain: true}); err != nil {
			t.Fatal(err)
		}
	}
	r.client().wantOpen("good")
}

func TestASnapshotThatMakesNoSenseIsAnErrorAndChangesNothing(t *testing.T) {
	r := newRig(t, nil)
	good := newStub(t, constant("good"))
	r.workers(good.address)
	for _, e := range []balance.Endpoint{{Index: -1, Address: good.address}, {Index: 1024, Address: good.address}, {Address: "nowhere"}, {Address: "unix:"}} {
		if err := r.proxy.Apply(Snapshot{Seq: 99, Endpoints: []balance.Endpoint{e}}); err == nil {
			t.Errorf("endpoint %+v: got no error, want one", e)
		}
	}
	r.client().wantOpen("good")
}

func TestTheWholeDrainIsReportedWhenNoneIsLeft(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	gate := make(chan struct{})
	s := newStub(t, func(q *stubRequest) bool { <-gate; return q.ok("ok") })
	r.workers(s.address)
	c := r.client().send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	eventually(t, "the worker has it", func() bool { return s.requests.Load() == 1 })
	r.drain(s.address)
	eventually(t, "the listeners are closed", r.listenersClosed)
	if r.drained(0, 1, tooEarly) {
		t.Error("the worker was reported while it had a request")
	}
	close(gate)
	c.read("GET").want(t, 200, "ok")
	if !r.drained(0, 1, patience) {
		t.Error("the worker was not reported after the last request")
	}
}

// TestAConnectionThatWasPromisedToBeKeptCountsUntilItIsClosed starts a response before the drain and ends it after
// that: the client may still send another request, so its worker is not to be stopped.
func TestAConnectionThatWasPromisedToBeKeptCountsUntilItIsClosed(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	gate := make(chan struct{})
	s := newStub(t, func(q *stubRequest) bool {
		q.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no")
		<-gate
		return q.say("k")
	})
	r.workers(s.address)
	r.lengthen(timerGrace)
	c := r.client().send(getRequest)
	head := readHead(c.in)
	r.drain(s.address)
	eventually(t, "the listeners are closed", r.listenersClosed)
	close(gate)
	c.wantBytes("ok")
	if r.drained(0, 1, tooEarly) {
		t.Errorf("the worker was reported while a client was promised more by %q", head)
	}
	c.wantOpen("ok")
	c.wantEnd()
	if !r.drained(0, 1, patience) {
		t.Error("the worker was not reported in the end")
	}
}

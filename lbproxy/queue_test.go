package lbproxy

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"percore/lbproxy/balance"
)

func TestWithNothingReadyARequestWaitsForAWorker(t *testing.T) {
	for _, method := range []string{"GET", "POST"} {
		t.Run(method, func(t *testing.T) {
			r := newRig(t, nil)
			s := newStub(t, constant("here"))
			c := r.client().send(requestOf(method, "abc"))
			eventually(t, "the request waits", func() bool { return r.proxy.services[0].Waiting() == 1 })
			r.apply(false, balance.Endpoint{Address: s.address, Incarnation: 1, State: balance.Down, Coming: true})
			r.apply(false, balance.Endpoint{Address: s.address, Incarnation: 1, State: balance.Draining, Coming: true})
			if n := s.conns.Load(); n != 0 {
				t.Errorf("connections to a worker that is not up: got %d, want 0", n)
			}
			r.apply(false, balance.Endpoint{Address: s.address, Incarnation: 1, State: balance.Up})
			c.read(method).want(t, 200, "here")
			wantCount(t, "waiting requests", r.proxy.services[0].Waiting(), 0)
		})
	}
}

func TestWaitingRequestsAreServedInTheirOrder(t *testing.T) {
	r := newRig(t, nil)
	var clients []*caller
	for i := range 20 {
		clients = append(clients, r.client().send(fmt.Sprintf("GET /%d HTTP/1.1\r\nHost: x\r\n\r\n", i)))
		eventually(t, "it waits", func() bool { return r.proxy.services[0].Waiting() == int64(i+1) })
	}
	clients[7].Close()
	eventually(t, "the one that left is forgotten", func() bool { return r.proxy.services[0].Waiting() == 19 })
	gate := make(chan struct{}, 100)
	s := newStub(t, func(q *stubRequest) bool { <-gate; return q.ok(q.path()) })
	r.workers(s.address)
	close(gate)
	for i, c := range clients {
		if i != 7 {
			c.read("GET").want(t, 200, fmt.Sprintf("/%d", i))
		}
	}
	wantCount(t, "requests at the worker", s.requests.Load(), 19)
}

func TestAWaitThatTakesTooLongIsA503(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Services[0].QueueTimeout = 80 * time.Millisecond })
	c := r.client()
	for range 2 {
		a := c.do(getRequest)
		a.want(t, 503, "~no worker was ready in time")
		if a.Header.Get("Retry-After") == "" || a.Close {
			t.Errorf("answer: got %v, want Retry-After and the connection kept", a.Header)
		}
	}
	wantCount(t, "waiting requests", r.proxy.services[0].Waiting(), 0)
}

// TestA503SaysWhatIsWrongWithTheWorkers as long as none is up.
func TestA503SaysWhatIsWrongWithTheWorkers(t *testing.T) {
	const trouble = "webs:web-8000 listens on 0.0.0.0:9000 instead of 127.0.0.1:8000"
	for _, accept := range []string{"text/plain", "text/html", "application/json"} {
		r := newRig(t, func(o *Options) { o.Services[0].QueueTimeout = 80 * time.Millisecond })
		s := newStub(t, constant("ok"))
		wrong := balance.Endpoint{Address: s.address, Incarnation: 1, State: balance.Down, Coming: true, Proven: true, Trouble: trouble}
		r.apply(false, wrong)
		c := r.client()
		request := "GET / HTTP/1.1\r\nHost: x\r\nAccept: " + accept + "\r\n\r\n"
		c.do(request).want(t, 503, "~no worker was ready in time: "+trouble)
		wrong.Trouble, wrong.Incarnation = "", 2
		r.apply(false, wrong)
		if got := c.do(request); strings.Contains(got.body, "instead") {
			t.Errorf("once it is not known any more: got %s, want nothing of it", got.body)
		}
	}
}

func TestAFullQueueIsA503AtOnce(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Services[0].QueueSize, o.Services[0].QueueTimeout = 2, time.Hour })
	a, b := r.client().send(getRequest), r.client().send(getRequest)
	eventually(t, "two wait", func() bool { return r.proxy.services[0].Waiting() == 2 })
	got := r.client().do(getRequest) // the two wait on
	got.want(t, 503, "~too many requests wait")
	if got.Header.Get("Retry-After") == "" {
		t.Errorf("answer: got %v, want Retry-After", got.Header)
	}
	r.workers(newStub(t, constant("ok")).address)
	a.read("GET").want(t, 200, "ok")
	b.read("GET").want(t, 200, "ok")
}

func TestAClientThatLeftWhileItWaitedNeverReachesAWorker(t *testing.T) {
	tests := []struct{ name, request string }{
		{"a GET", getRequest},
		{"a POST whose body is held", post("abc")},
		{"a POST whose body is larger than what is held", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n" + strings.Repeat("x", 100_000)},
	}
	for _, test := range tests {
		for _, reset := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, by reset %v", test.name, reset), func(t *testing.T) {
				r := newRig(t, streams)
				c := r.client().send(test.request)
				eventually(t, "it waits", func() bool { return r.proxy.services[0].Waiting() == 1 })
				if reset {
					_ = c.SetLinger(0)
				}
				c.Close()
				eventually(t, "it is forgotten", func() bool { return r.proxy.services[0].Waiting() == 0 && r.exchanges() == 0 })
				s := newStub(t, constant("ok"))
				r.workers(s.address)
				r.client().wantOpen("ok")
				wantCount(t, "requests at the worker", s.requests.Load(), 1)
			})
		}
	}
}

func TestAClientThatLeavesEndsItsWorkersConnection(t *testing.T) {
	tests := []struct {
		name, request string
		reset, ends   bool
	}{
		{"a GET, by FIN", getRequest, false, true},
		{"a GET, by RST", getRequest, true, true},
		{"a POST, by FIN", post("abc"), false, true},
		{"a POST, by RST", post("abc"), true, true},
		{"a POST is finished after a FIN right behind it", post("abc"), false, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, nil)
			gone, answer := make(chan error, 1), make(chan struct{})
			s := newStub(t, func(q *stubRequest) bool {
				_, _ = q.body()
				if !test.ends {
					<-answer
					return q.ok("late")
				}
				_, err := q.in.ReadByte()
				gone <- err
				return false
			})
			r.workers(s.address)
			c := r.client().send(test.request)
			eventually(t, "the worker has it", func() bool { return s.requests.Load() == 1 })
			if test.reset {
				_ = c.SetLinger(0)
			}
			if !test.ends {
				_ = c.CloseWrite()
				time.Sleep(20 * time.Millisecond)
				close(answer)
				c.read("POST").want(t, 200, "late")
				return
			}
			c.Close()
			select {
			case err := <-gone:
				if err == nil {
					t.Error("the worker read a byte, want the end")
				}
			case <-time.After(patience): // ProxyReadTimeout is longer
				t.Error("the worker isn't told that its client has left")
			}
		})
	}
}

func TestAClientThatOnlyFinishedSendingGetsItsResponse(t *testing.T) {
	for _, request := range []string{getRequest, requestOf("PUT", "abc"), requestOf("PUT", strings.Repeat("x", 9000)), post("abc")} {
		t.Run(request[:4], func(t *testing.T) {
			r := newRig(t, nil)
			r.workers(newStub(t, func(q *stubRequest) bool {
				_, _ = q.body()
				time.Sleep(20 * time.Millisecond)
				return q.ok("answer")
			}).address)
			c := r.client()
			r.sockets(kindDownstream)
			release := r.hold() // so that request and FIN arrive in one event
			c.send(request)
			if err := c.CloseWrite(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(5 * time.Millisecond)
			release()
			a := c.read(request[:3])
			a.want(t, 200, "answer")
			if !a.Close {
				t.Error("the answer keeps the connection, want Connection: close")
			}
			c.wantEnd()
		})
	}
}

func TestABodyAndItsFinInOneEventAreNoAbort(t *testing.T) {
	r := newRig(t, nil)
	r.workers(newStub(t, func(q *stubRequest) bool {
		_, _ = q.body()
		time.Sleep(20 * time.Millisecond)
		return q.ok("answer")
	}).address)
	c := r.client().send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n")
	eventually(t, "the head is read", func() bool { return r.exchanges() == 1 })
	release := r.hold()
	c.send("hello")
	_ = c.CloseWrite()
	time.Sleep(5 * time.Millisecond)
	release()
	time.Sleep(10 * time.Millisecond)
	r.onLoop(func(l *loop) { // any further event must not be taken for an abort
		for slot := range int32(l.conns.size()) {
			if c := l.conns.at(slot); c.kind == kindDownstream {
				l.enqueue(c)
			}
		}
	})
	c.read("PUT").want(t, 200, "answer")
}

func TestADeadClientInTheMiddleOfItsBodyReachesNoWorker(t *testing.T) {
	r := newRig(t, nil)
	s := newStub(t, constant("never"))
	r.workers(s.address)
	c := r.client().send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhello")
	_ = c.CloseWrite()
	if rest, _ := io.ReadAll(c.in); len(rest) > 0 {
		t.Errorf("answer to half a request: got %q, want none", rest)
	}
	wantCount(t, "requests at the worker", s.requests.Load(), 0)
	wantCount(t, "exchanges", int64(r.exchanges()), 0)
}

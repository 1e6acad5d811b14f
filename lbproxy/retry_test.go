package lbproxy

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"percore/lbproxy/balance"
	"percore/lbproxy/socket"
)

func roundRobin(o *Options) { o.Services[0].Balance = balance.RoundRobin }

// closer is a worker that reads a request and dies without a byte.
func closer(q *stubRequest) bool {
	_, _ = q.body()
	return false
}

func requestOf(method, body string) string {
	return fmt.Sprintf("%s / HTTP/1.1\r\nHost: test\r\nContent-Length: %d\r\n\r\n%s", method, len(body), body)
}

func TestARefusedConnectionMovesOnToTheNextWorker(t *testing.T) {
	for _, method := range []string{"GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "BREW"} {
		t.Run(method, func(t *testing.T) {
			r := newRig(t, roundRobin)
			good := newStub(t, func(q *stubRequest) bool { _, _ = q.body(); return q.say("HTTP/1.1 204 No Content\r\n\r\n") })
			r.workers(refusing(t), good.address, refusing(t))
			c := r.client()
			for range 6 {
				c.do(requestOf(method, "")).want(t, 204, "")
			}
			wantCount(t, "executions", good.requests.Load(), 6)
		})
	}
}

func TestAWorkerThatDiesWithAFreshRequest(t *testing.T) {
	long := strings.Repeat("x", 10_000)
	tests := []struct {
		name, request string
		adjust        func(*Options)
		executions    int64
	}{
		{"a GET is tried on exactly one other worker", requestOf("GET", ""), nil, 2},
		{"a HEAD is tried on exactly one other worker", requestOf("HEAD", ""), nil, 2},
		{"a PUT whose body is held is tried on exactly one other worker", requestOf("PUT", "body"), nil, 2},
		{"a PUT whose body was streamed is not repeated", requestOf("PUT", long), func(o *Options) { streams(o); o.ClientBodyBufferSize = 100 }, 1},
		{"a POST is never repeated", requestOf("POST", "body"), nil, 1},
		{"a PATCH is never repeated", requestOf("PATCH", "body"), nil, 1},
		{"an unknown method is never repeated", requestOf("BREW", ""), nil, 1},
		{"nothing is repeated when that is switched off", requestOf("GET", ""), func(o *Options) { o.Services[0].NextUpstream = false }, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, test.adjust)
			stubs := []*stub{newStub(t, closer), newStub(t, closer), newStub(t, closer), newStub(t, closer)}
			r.workers(stubs[0].address, stubs[1].address, stubs[2].address, stubs[3].address)
			// The body comes behind the head, so that its size decides how it is handled.
			head, body, _ := strings.Cut(test.request, "\r\n\r\n")
			c := r.client().send(head + "\r\n\r\n")
			eventually(t, "the head is read", func() bool { return body == "" || r.exchanges() == 1 })
			method, _, _ := strings.Cut(head, " ")
			a := c.send(body).read(method)
			if a.StatusCode != 502 {
				t.Errorf("status: got %d, want 502", a.StatusCode)
			}
			total := int64(0)
			for _, s := range stubs {
				total += s.requests.Load()
				if s.requests.Load() > 1 {
					t.Errorf("a worker got the request %d times, want at most once", s.requests.Load())
				}
			}
			wantCount(t, "executions", total, test.executions)
		})
	}
}

func TestAGetSurvivesAWorkerThatDies(t *testing.T) {
	r := newRig(t, roundRobin)
	bad, good := newStub(t, closer), newStub(t, constant("good"))
	r.workers(bad.address, good.address)
	c := r.client()
	for range 10 {
		c.do(getRequest).want(t, 200, "good")
	}
	if bad.requests.Load() == 0 {
		t.Error("the worker that dies was never tried")
	}
	wantCount(t, "executions by the other", good.requests.Load(), 10)
}

// closesKept answers the first request of its first connection and closes that one at the second.
func closesKept(q *stubRequest) bool {
	_, _ = q.body()
	return (q.conn > 1 || q.nth == 1) && q.ok(fmt.Sprint(q.conn))
}

func TestAKeptConnectionThatClosesOnReceipt(t *testing.T) {
	tests := []struct {
		name, request string
		status        int
		body          string
		requests      int64
	}{
		{"a GET is repeated on a fresh connection to the same worker", requestOf("GET", ""), 200, "2", 3},
		{"a PUT that is held is repeated on a fresh connection", requestOf("PUT", "abc"), 200, "2", 3},
		{"a POST is not repeated", requestOf("POST", "abc"), 502, "~closed a kept connection", 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, nil)
			s := newStub(t, closesKept)
			r.workers(s.address)
			c := r.client()
			c.do(getRequest).want(t, 200, "1")
			r.keptConn(func(u *conn) { u.since += 3_600_000 }) // so recent that a POST may have it, however slow the machine
			c.do(test.request).want(t, test.status, test.body)
			wantCount(t, "requests at the worker", s.requests.Load(), test.requests)
			c.wantOpen("2")
		})
	}
}

func TestAPostNeverTravelsOnAnOldKeptConnection(t *testing.T) {
	r := newRig(t, nil)
	s := newStub(t, closesKept)
	r.workers(s.address)
	c := r.client()
	c.do(getRequest).want(t, 200, "1")
	time.Sleep((freshMillis + 50) * time.Millisecond)
	c.do(post("abc")).want(t, 200, "2")
	wantCount(t, "requests at the worker", s.requests.Load(), 2)
}

// TestACrashingRequestReachesTwoWorkersAtMost lets the request end the worker's process: its listener and all of its
// connections close at once. Who finds a kept connection closed does not know at first whether its worker has died.
func TestACrashingRequestReachesTwoWorkersAtMost(t *testing.T) {
	for _, test := range []struct {
		name  string
		warm  bool // the workers have kept connections
		first bool // even the one that gets the request first
		known bool // that a worker is down is known before its connections close
	}{
		{"without kept connections", false, false, false},
		{"with kept connections", true, true, false},
		{"with a kept connection to all but the first", true, false, false},
		{"with kept connections, and the deaths are known", true, true, true},
		{"with a kept connection to all but the first, and the deaths are known", true, false, true},
	} {
		t.Run(test.name, func(t *testing.T) { crashWorkers(t, test.warm, test.first, test.known) })
	}
}

func crashWorkers(t *testing.T, warm, first, known bool) {
	r := newRig(t, roundRobin)
	var mu sync.Mutex // guards endpoints
	var endpoints []balance.Endpoint
	var reached, served atomic.Int64
	for i := range 5 {
		s := newStub(t, func(q *stubRequest) bool {
			switch {
			case q.path() == "/die":
				reached.Add(1)
				if known {
					mu.Lock()
					endpoints[i].State = balance.Down
					r.apply(false, endpoints...)
					mu.Unlock()
					r.exchanges()
				}
				q.crash()
				return false
			case served.Add(1) == 1 && !first:
				q.say("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\nfine")
				return false
			default:
				return q.ok("fine")
			}
		})
		endpoints = append(endpoints, balance.Endpoint{Index: i, Address: s.address, Incarnation: 1, State: balance.Up})
	}
	r.apply(false, endpoints...)
	c := r.client()
	for range 5 {
		if warm {
			c.wantOpen("fine")
		}
	}
	c.do("GET /die HTTP/1.1\r\nHost: test\r\n\r\n").want(t, 502, "~worker closed")
	wantCount(t, "workers that the request reached", reached.Load(), 2)
	c.wantOpen("fine")
}

func TestWhenAllWorkersRefuseTheRequestWaitsForOne(t *testing.T) {
	for _, method := range []string{"GET", "POST"} {
		t.Run(method, func(t *testing.T) {
			r := newRig(t, nil)
			address := refusing(t)
			r.workers(refusing(t), address)
			c := r.client().send(requestOf(method, "abc"))
			time.Sleep(150 * time.Millisecond) // it has been refused, and once more
			l, err := net.Listen("tcp", address)
			if err != nil {
				t.Skip("another process took the port:", err)
			}
			s := &stub{listener: l}
			t.Cleanup(s.crash)
			go s.accept(constant("late"))
			c.read(method).want(t, 200, "late")
			wantCount(t, "executions", s.requests.Load(), 1)
		})
	}
}

func TestAWaitForRefusingWorkersEnds(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(o *Options) { o.Services[0].QueueTimeout = 250 * time.Millisecond })
	r.workers(refusing(t))
	start := time.Now()
	r.client().do(getRequest).want(t, 502, "~refused")
	if took := time.Since(start); took < 200*time.Millisecond {
		t.Errorf("answered after %v, want 250ms", took)
	}
}

func TestNothingIsRepeatedAfterAnInterimResponseWasPassedOn(t *testing.T) {
	r := newRig(t, nil)
	hints := func(q *stubRequest) bool {
		q.say("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
		return false
	}
	s, other := newStub(t, hints), newStub(t, hints)
	r.workers(s.address, other.address)
	got := r.raw("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	if n := strings.Count(got, "HTTP/1.1 103"); n != 1 || !strings.Contains(got, "HTTP/1.1 502") {
		t.Errorf("answer: got %q, want one 103 and a 502", got)
	}
	wantCount(t, "executions", s.requests.Load()+other.requests.Load(), 1)
}

// TestARequestThatCouldNotBeWrittenIsStillRepeatable closes a kept connection behind the loop's back, so that the
// write itself fails.
func TestARequestThatCouldNotBeWrittenIsStillRepeatable(t *testing.T) {
	for _, method := range []string{"GET", "POST"} {
		t.Run(method, func(t *testing.T) {
			r := newRig(t, nil)
			s := newStub(t, func(q *stubRequest) bool { _, _ = q.body(); return q.ok(fmt.Sprint(q.conn)) })
			r.workers(s.address)
			c := r.client()
			c.wantOpen("1")
			r.onLoop(func(l *loop) { // the FIN that makes every later write fail
				u := l.conns.at(l.services[0].pools.of[0].head)
				u.since = l.now
				socket.ShutdownWrite(u.fd)
			})
			a := c.do(requestOf(method, "abc"))
			a.want(t, 200, "2")
			if a.Close {
				t.Error("the answer of the second try closes the client's connection, want it kept")
			}
			c.wantOpen("2")
			wantCount(t, "executions", s.requests.Load(), 3)
		})
	}
}

func TestWorkersKilledUnderLoadCostNoGet(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	var endpoints []balance.Endpoint
	var stubs []*stub
	for i := range 3 {
		stubs = append(stubs, newStub(t, constant("ok")))
		endpoints = append(endpoints, balance.Endpoint{Index: i, Name: "w", Address: stubs[i].address, Incarnation: 1, State: balance.Up})
	}
	r.apply(false, endpoints...)
	stop, failed := make(chan struct{}), make(chan error, 8)
	for range 8 {
		go func() { failed <- getUntil(r.address, stop) }()
	}
	for i := range 9 {
		time.Sleep(80 * time.Millisecond)
		n := i % 3
		stubs[n].crash() // the front door is not told, which has to find out
		stubs[n] = newStub(t, constant("ok"))
		time.Sleep(20 * time.Millisecond)
		endpoints[n].Killed = endpoints[n].Incarnation // on a slow machine the next one may die of the same request's bad luck
		endpoints[n].Incarnation++
		endpoints[n].Address = stubs[n].address
		r.apply(false, endpoints...)
	}
	close(stop)
	for range 8 {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
}

// getUntil sends GETs on one connection until stop and returns what was wrong with a response.
func getUntil(address string, stop <-chan struct{}) error {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer c.Close()
	b := make([]byte, 4096)
	for {
		select {
		case <-stop:
			return nil
		default:
		}
		if _, err := io.WriteString(c, getRequest); err != nil {
			return fmt.Errorf("send: %w", err)
		}
		n, err := c.Read(b)
		if err != nil || !strings.HasPrefix(string(b[:n]), "HTTP/1.1 200") {
			return fmt.Errorf("answer: got %q and %w, want 200", b[:n], err)
		}
	}
}

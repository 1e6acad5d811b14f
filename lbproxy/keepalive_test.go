package lbproxy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestConnectionsAreReusedOnBothSides(t *testing.T) {
	r := newRig(t, nil)
	s := newStub(t, constant("ok"))
	r.workers(s.address)
	a, b := r.client(), r.client()
	for range 20 {
		a.wantOpen("ok")
		b.wantOpen("ok")
	}
	wantCount(t, "connections to the worker", s.conns.Load(), 1)
	wantCount(t, "requests", s.requests.Load(), 40)
}

func TestAResponseThatEndsItsConnectionIsNotFollowedByAnother(t *testing.T) {
	tests := []struct {
		name, answer string
		conns        int64
	}{
		{"HTTP/1.1 with close", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", 3},
		{"HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", 3},
		{"HTTP/1.0 with keep-alive", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", 1},
		{"HTTP/1.1 with a length", okResponse("ok"), 1},
		{"HTTP/1.1 in chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nTrailer: dropped\r\n\r\n", 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, nil)
			s := newStub(t, func(q *stubRequest) bool { return q.say("%s", test.answer) })
			r.workers(s.address)
			c := r.client()
			for range 3 {
				c.wantOpen("ok")
			}
			wantCount(t, "connections to the worker", s.conns.Load(), test.conns)
		})
	}
}

func TestAWorkerThatClosesAnIdleConnectionIsNoticed(t *testing.T) {
	r := newRig(t, nil)
	s := newStub(t, func(q *stubRequest) bool {
		_, _ = q.body()
		q.ok(fmt.Sprint(q.conn))
		return q.conn > 1
	})
	r.workers(s.address)
	c := r.client()
	c.wantOpen("1")
	eventually(t, "the kept connection is dropped", func() bool { return r.sockets(kindUpstream) == 0 })
	c.do(post("abc")).want(t, 200, "2")
}

func TestAtMostKeepaliveConnectionsAreKept(t *testing.T) {
	for _, limit := range []int{0, 2} {
		r := newRig(t, func(o *Options) { o.Services[0].Keepalive = limit; o.Services[0].ProxyKeepaliveTimeout = time.Minute })
		gate := make(chan struct{})
		s := newStub(t, func(q *stubRequest) bool { <-gate; return q.ok("ok") })
		r.workers(s.address)
		var clients []*caller
		for range 5 {
			clients = append(clients, r.client().send(getRequest))
		}
		eventually(t, "all are at the worker", func() bool { return s.requests.Load() == 5 })
		close(gate)
		for _, c := range clients {
			c.read("GET").want(t, 200, "ok")
		}
		wantCount(t, "kept connections", int64(r.sockets(kindUpstream)), int64(limit))
	}
}

func TestWhatBecomesOfTheClientsConnection(t *testing.T) {
	tests := []struct {
		name, request, connection string
		kept                      bool
	}{
		{"HTTP/1.1 is kept without a word", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "", true},
		{"HTTP/1.1 with close ends", "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "close", false},
		{"HTTP/1.0 ends", "GET / HTTP/1.0\r\n\r\n", "close", false},
		{"HTTP/1.0 with keep-alive is kept and told so", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "keep-alive", true},
		{"close wins over keep-alive", "GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, close\r\n\r\n", "close", false},
	}
	r := newRig(t, nil)
	s := newStub(t, constant("ok"))
	r.workers(s.address)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := r.client().send(test.request)
			head := readHead(c.in)
			c.wantBytes("ok")
			if got := header(head).Get("Connection"); got != test.connection || !strings.HasPrefix(head, "HTTP/1.1 200 OK\r\n") {
				t.Errorf("head: got %q, want HTTP/1.1 and Connection %q", head, test.connection)
			}
			if test.kept {
				c.wantOpen("ok")
			} else {
				c.wantEnd()
			}
		})
	}
	if h := s.lastHead(); strings.Contains(h, "HTTP/1.0") || header(h).Get("Connection") != "" {
		t.Errorf("head at the worker: got %q, want HTTP/1.1 without Connection", h)
	}
}

// pipeline is three requests in one run of bytes, with and without bodies.
const pipeline = "GET /1 HTTP/1.1\r\nHost: x\r\n\r\n" +
	"POST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello" +
	"POST /3 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"

// mirror answers with the target and the body.
func mirror(q *stubRequest) bool {
	b, err := q.body()
	return err == nil && q.ok(q.path()+" "+b)
}

func (c *caller) wantPipeline() {
	c.t.Helper()
	c.read("GET").want(c.t, 200, "/1 ")
	c.read("POST").want(c.t, 200, "/2 hello")
	c.read("POST").want(c.t, 200, "/3 abcde")
	c.wantEnd()
}

func TestPipelinedRequestsAreAnsweredInOrder(t *testing.T) {
	r := newRig(t, nil)
	s := newStub(t, mirror)
	r.workers(s.address)
	t.Run("in one packet", func(t *testing.T) { r.client().send(pipeline).wantPipeline() })
	t.Run("split at every offset", func(t *testing.T) {
		for i := 1; i < len(pipeline); i++ {
			c := r.client().send(pipeline[:i])
			r.exchanges() // the loop has had a turn, so that the parts are not joined again
			c.send(pipeline[i:]).wantPipeline()
			if t.Failed() {
				t.Fatalf("split at byte %d", i)
			}
			c.Close()
		}
	})
	t.Run("byte by byte", func(t *testing.T) {
		c := r.client()
		for i := range len(pipeline) {
			c.send(pipeline[i : i+1])
		}
		c.wantPipeline()
	})
}

func TestBytesBehindTheLastRequestAreIgnored(t *testing.T) {
	r := newRig(t, nil)
	s := newStub(t, mirror)
	r.workers(s.address)
	got := r.raw("GET /1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n")
	if n := strings.Count(got, "HTTP/1.1 "); n != 1 {
		t.Errorf("answers: got %d in %q, want 1", n, got)
	}
	wantCount(t, "requests at the worker", s.requests.Load(), 1)
}

// TestAFloodOfPipelinedRequestsStaysSmall has the front door answer thousands of requests of one packet by itself.
func TestAFloodOfPipelinedRequestsStaysSmall(t *testing.T) {
	const count = 6000
	r := newRig(t, func(o *Options) { o.Services[0].QueueSize = 0 })
	c := r.client()
	release := r.hold()
	go func() { _, _ = io.WriteString(c.TCPConn, strings.Repeat("GET / HTTP/1.1\r\nHost: x\r\n\r\n", count)) }()
	time.Sleep(20 * time.Millisecond)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	release()
	for range count {
		if a := c.read("GET"); a.StatusCode != 503 {
			t.Fatalf("status: got %d, want 503", a.StatusCode)
		}
	}
	r.onLoop(func(l *loop) { runtime.ReadMemStats(&after) })
	if grown := int64(after.HeapSys+after.StackSys) - int64(before.HeapSys+before.StackSys); grown > 64<<20 {
		t.Errorf("heap and stacks grew by %d MB, want 64 at most", grown>>20)
	}
}

func TestWorkersOnUnixSockets(t *testing.T) {
	path := filepath.Join(t.TempDir(), "worker.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: http.HandlerFunc(echo)}
	defer s.Close()
	go s.Serve(l)
	r := newRig(t, nil)
	r.workers("unix:" + path)
	c := r.client()
	for range 3 {
		c.do(post("hello")).want(t, 200, "hello")
	}
}

// TestAUnixWorkerMayEndItsResponseByClosing has a case of its own because the kernel reports a hang-up where TCP has a
// FIN.
func TestAUnixWorkerMayEndItsResponseByClosing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "worker.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			readHead(bufio.NewReader(c))
			_, _ = io.WriteString(c, "HTTP/1.0 200 OK\r\n\r\nhello")
			c.Close()
		}
	}()
	r := newRig(t, nil)
	r.workers("unix:" + path)
	c := r.client()
	for range 3 {
		c.do(getRequest).want(t, 200, "hello")
	}
}

// TestABodyThatCannotBeRepeatedTravelsOnNoOldConnection: a request whose body is streamed cannot be repeated, whatever
// its method, so it must not be given to a kept connection that its worker may be closing just now, no more than a
// POST.
func TestABodyThatCannotBeRepeatedTravelsOnNoOldConnection(t *testing.T) {
	for _, method := range []string{"POST", "PUT", "DELETE"} {
		t.Run(method, func(t *testing.T) {
			s := newStub(t, func(q *stubRequest) bool {
				if q.nth > 1 { // closed on receipt
					return false
				}
				_, _ = q.copyBody(io.Discard)
				return q.ok("ok")
			})
			r := newRig(t, nil)
			r.workers(s.address)
			c := r.client()
			c.do(getRequest).want(t, 200, "ok")
			time.Sleep(2 * freshMillis * time.Millisecond)
			size := 2 * DefaultOptions().ClientBodyBufferSize
			c.do(fmt.Sprintf("%s / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", method, size, strings.Repeat("x", size))).want(t, 200, "ok")
		})
	}
}

// TestManyStaleConnectionsAtOnceNeedNoQueue has a worker that closes many kept connections on receipt at once, and no
// room to wait. A repeat on a fresh connection to the same worker is no load for another one and keeps its place, so
// each client is served.
func TestManyStaleConnectionsAtOnceNeedNoQueue(t *testing.T) {
	const clients = 40
	r := newRig(t, func(o *Options) { o.Services[0].Keepalive, o.Services[0].QueueSize = clients, 0 })
	s := newStub(t, func(q *stubRequest) bool {
		if q.nth > 1 {
			return false
		}
		time.Sleep(20 * time.Millisecond)
		return q.ok("ok")
	})
	r.workers(s.address)
	var all []*caller
	for range clients {
		all = append(all, r.client())
	}
	serveAll := func() {
		var asking sync.WaitGroup
		for _, c := range all {
			asking.Go(func() {
				if a := c.do(getRequest); a.StatusCode != 200 {
					t.Errorf("status: got %d, want 200", a.StatusCode)
				}
			})
		}
		asking.Wait()
	}
	serveAll()
	eventually(t, "the connections are kept", func() bool { return r.kept() == clients })
	serveAll()
}

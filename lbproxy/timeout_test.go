package lbproxy

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// silent is a worker that reads requests and never answers.
func silent(q *stubRequest) bool {
	_, _ = q.body()
	_, _ = q.in.ReadByte()
	return false
}

func TestAWorkerThatDoesNotAnswerInTimeIsA504AndNothingIsRepeated(t *testing.T) {
	for _, method := range []string{"GET", "POST"} {
		t.Run(method, func(t *testing.T) {
			r := newRig(t, func(o *Options) { o.ProxyReadTimeout = 60 * time.Millisecond })
			a, b := newStub(t, silent), newStub(t, silent)
			r.workers(a.address, b.address)
			c := r.client()
			c.do(request(method, "abc")).want(t, 504, "~did not answer in time")
			wantCount(t, "executions", a.requests.Load()+b.requests.Load(), 1)
			eventually(t, "the worker's connection is closed", func() bool { return r.sockets(kindUpstream) == 0 })
		})
	}
}

// sockets counts the first loop's connections of a kind.
func (r *rig) sockets(k kind) (n int) {
	r.onLoop(func(l *loop) {
		for slot := range int32(l.conns.size()) {
			if c := l.conns.at(slot); c.kind == k && c.fd >= 0 {
				n++
			}
		}
	})
	return n
}

func TestAnAnswerThatStallsIsCutOff(t *testing.T) {
	r := newRig(t, func(o *Options) { o.ProxyReadTimeout = 60 * time.Millisecond })
	r.workers(newStub(t, func(q *stubRequest) bool {
		q.say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
		_, _ = q.in.ReadByte()
		return false
	}).address)
	if a := r.client().do(getRequest); a.err == nil || a.body != "hello" {
		t.Errorf("body: got %q and error %v, want its start and an error", a.body, a.err)
	}
}

func TestASlowAnswerIsNotCutOffWhileItMoves(t *testing.T) {
	r := newRig(t, func(o *Options) { o.ProxyReadTimeout = 100 * time.Millisecond })
	r.workers(newStub(t, func(q *stubRequest) bool {
		q.say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
		for i := range 10 {
			time.Sleep(20 * time.Millisecond)
			q.say("%d", i)
		}
		return true
	}).address)
	r.client().do(getRequest).want(t, 200, "0123456789")
}

// deaf returns the address of a listener whose queue is full: connecting to it never ends.
func deaf(t *testing.T) string {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	sa, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	address := string(appendSockaddr(nil, sa))
	for range 3 {
		c, err := net.DialTimeout("tcp", address, 50*time.Millisecond)
		if err != nil {
			return address
		}
		t.Cleanup(func() { c.Close() })
	}
	t.Skip("this kernel completes connections beyond the backlog")
	return ""
}

func TestAConnectThatTakesTooLongMovesOnForAnyMethod(t *testing.T) {
	for _, method := range []string{"GET", "POST"} {
		t.Run(method, func(t *testing.T) {
			r := newRig(t, func(o *Options) { o.Balance = RoundRobin; o.ProxyConnectTimeout = 60 * time.Millisecond })
			good := newStub(t, constant("good"))
			r.workers(good.address, deaf(t)) // the turn starts behind the first
			start := time.Now()
			r.client().do(request(method, "abc")).want(t, 200, "good")
			if took := time.Since(start); took < 50*time.Millisecond {
				t.Errorf("answered after %v, want the time-out of the other worker first", took)
			}
		})
	}
}

func TestAConnectTimeoutWithoutAnotherTryIsA504(t *testing.T) {
	r := newRig(t, func(o *Options) { o.NextUpstream = false; o.ProxyConnectTimeout = 30 * time.Millisecond })
	r.workers(deaf(t))
	r.client().do(getRequest).want(t, 504, "~did not take the connection in time")
}

func TestAHeadThatDoesNotArriveInTime(t *testing.T) {
	r := newRig(t, func(o *Options) { o.ClientHeaderTimeout = 250 * time.Millisecond })
	t.Run("is a 408 when some of it came, however it drips", func(t *testing.T) {
		c := r.client()
		start := time.Now()
		for _, b := range []byte("GET / HT") {
			if _, err := c.Write([]byte{b}); err != nil {
				break
			}
			time.Sleep(50 * time.Millisecond)
		}
		c.read("GET").want(t, 408, "~head did not arrive")
		if took := time.Since(start); took > 3*time.Second {
			t.Errorf("took %v, want the time to run from the first byte", took)
		}
		c.wantEnd()
	})
	t.Run("is a silent end when nothing came", func(t *testing.T) { r.client().wantEnd() })
}

func TestABodyThatStopsArriving(t *testing.T) {
	for name, buffer := range map[string]int{"while it is held is a 408": 1000, "while it is streamed is a 408": 0} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(o *Options) { o.ClientBodyTimeout = 60 * time.Millisecond; o.ClientBodyBufferSize = buffer })
			s := newStub(t, silent)
			r.workers(s.address)
			c := r.client().send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhello")
			c.read("POST").want(t, 408, "~body stopped arriving")
			c.wantEnd()
			eventually(t, "the worker's connection is closed", func() bool { return r.sockets(kindUpstream) == 0 })
		})
	}
}

func TestAClientThatStopsReadingIsCutOff(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(o *Options) { o.SendTimeout = 80 * time.Millisecond })
	s := newStub(t, func(q *stubRequest) bool { return q.ok(strings.Repeat("x", 20<<20)) })
	r.workers(s.address)
	r.client().send(getRequest)
	eventually(t, "the exchange begins", func() bool { return r.sockets(kindUpstream) == 1 })
	eventually(t, "both connections are closed", func() bool { return r.sockets(kindUpstream) == 0 && r.sockets(kindDownstream) == 0 })
}

func TestAnIdleClientConnectionIsClosedWithAFin(t *testing.T) {
	r := newRig(t, func(o *Options) { o.KeepaliveTimeout = 60 * time.Millisecond })
	r.workers(newStub(t, constant("ok")).address)
	c := r.client()
	c.wantOpen("ok")
	c.wantEnd()
}

func TestAKeptWorkerConnectionIsClosedAfterItsTime(t *testing.T) {
	r := newRig(t, func(o *Options) { o.ProxyKeepaliveTimeout = 50 * time.Millisecond })
	s := newStub(t, constant("ok"))
	r.workers(s.address)
	c := r.client()
	c.wantOpen("ok")
	eventually(t, "the worker sees the end", func() bool { return s.closed.Load() == 1 })
	c.wantOpen("ok")
	wantCount(t, "connections to the worker", s.conns.Load(), 2)
}

func TestATunnelWithoutAByteIsClosedAfterItsTime(t *testing.T) {
	r := newRig(t, func(o *Options) { o.TunnelTimeout = 60 * time.Millisecond })
	r.workers(newStub(t, switches("")).address)
	c := r.client().send(upgradeRequest)
	if a := c.read("GET"); a.StatusCode != 101 {
		t.Fatalf("status: got %d, want 101", a.StatusCode)
	}
	if _, err := io.ReadAll(c.in); err != nil {
		t.Errorf("end of the tunnel: got %v, want a FIN", err)
	}
}

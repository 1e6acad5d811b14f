package lbproxy

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"percore/lbproxy/epoll"
)

// chatter is a worker that the test makes speak: it answers each request with the number of its connection, but for
// those that are not for it to answer.
type chatter struct {
	*stub
	kept chan *net.TCPConn // the first connection
}

func newChatter(t *testing.T) *chatter {
	w := &chatter{kept: make(chan *net.TCPConn, 1)}
	w.stub = newStub(t, func(q *stubRequest) bool {
		if q.conn == 1 && q.nth == 1 {
			w.kept <- q.c
		}
		if q.conn == 1 && q.nth > 1 { // what came here in spite of everything
			_, _ = q.in.WriteTo(io.Discard)
			return false
		}
		_, err := q.body()
		return err == nil && q.ok(fmt.Sprint("connection ", q.conn))
	})
	return w
}

// keptConn runs f with the only kept connection, on its loop.
func (r *rig) keptConn(f func(u *conn)) {
	r.t.Helper()
	eventually(r.t, "the connection is kept", func() bool { return r.kept() == 1 })
	r.onLoop(func(l *loop) { f(l.conns.at(l.services[0].pools.of[0].head)) })
}

const evil = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"

// TestBytesThatComeWithTheRequestAreNotItsResponse has one wait for events report both: the request first, then bytes
// that the worker has written to the connection that the request is given.
func TestBytesThatComeWithTheRequestAreNotItsResponse(t *testing.T) {
	for _, method := range []string{"GET", "PUT", "POST"} {
		for name, say := range map[string]func(c *net.TCPConn){
			"an answer":                        func(c *net.TCPConn) { _, _ = io.WriteString(c, evil) },
			"an answer and the end":            func(c *net.TCPConn) { _, _ = io.WriteString(c, evil); _ = c.CloseWrite() },
			"an answer and a reset":            func(c *net.TCPConn) { _, _ = io.WriteString(c, evil); _ = c.SetLinger(0); _ = c.Close() },
			"the last chunk of the one before": func(c *net.TCPConn) { _, _ = io.WriteString(c, "0\r\n\r\n") },
			"the end":                          func(c *net.TCPConn) { _ = c.CloseWrite() },
		} {
			t.Run(method+", "+name, func(t *testing.T) {
				r := newRig(t, func(o *Options) { o.Services[0].ProxyKeepaliveTimeout = time.Minute })
				w := newChatter(t)
				r.workers(w.address)
				c := r.client()
				c.wantOpen("connection 1")
				kept := <-w.kept
				r.keptConn(func(*conn) {})
				release := r.hold()
				c.send(strings.Replace(post("abc"), "POST", method, 1))
				say(kept)
				time.Sleep(10 * time.Millisecond) // loopback delivers at once; for sockets that are slower
				release()
				c.read(method).want(t, 200, "connection 2")
				wantCount(t, "connections to the worker", w.conns.Load(), 2)
			})
		}
	}
}

// TestBytesThatWaitBehindAFullBatchOfEventsAreNotAResponse has more events than one wait reports: the request is in
// the first batch, and what the worker had written by then to the connection that it could have, in the second.
func TestBytesThatWaitBehindAFullBatchOfEventsAreNotAResponse(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Services[0].ProxyKeepaliveTimeout = time.Minute })
	w := newChatter(t)
	r.workers(w.address)
	c := r.client()
	c.wantOpen("connection 1")
	kept := <-w.kept
	r.keptConn(func(*conn) {})
	others := make([]*caller, epoll.EventsMax+1)
	for i := range others {
		others[i] = r.client()
	}
	eventually(t, "all are there", func() bool { return r.sockets(kindDownstream) == len(others)+1 })
	release := r.hold()
	c.send(getRequest)
	for _, other := range others {
		other.send("GET")
	}
	_, _ = io.WriteString(kept, evil)
	time.Sleep(10 * time.Millisecond)
	release()
	c.read("GET").want(t, 200, "connection 2")
}

// TestBytesThatComeWhileARequestIsSentAreNotItsResponse has a worker say something on a kept connection of which the
// socket has not taken all of the request yet. What may be repeated is; a POST of which the worker has seen a part
// is not, and never gets those bytes.
func TestBytesThatComeWhileARequestIsSentAreNotItsResponse(t *testing.T) {
	tests := []struct {
		method, want string
		status       int
		conns        int64
	}{
		{"PUT", "connection 2", 200, 2},
		{"POST", "~spoke before it was asked", 502, 1},
	}
	for _, test := range tests {
		t.Run(test.method, func(t *testing.T) {
			r := newRig(t, func(o *Options) { o.Services[0].ProxyKeepaliveTimeout = time.Minute })
			seen := make(chan *net.TCPConn, 1)
			w := newStub(t, func(q *stubRequest) bool {
				if q.conn == 1 && q.nth == 2 { // it has a part of the second request, and reads no more
					seen <- q.c
					return true
				}
				_, err := q.body()
				return err == nil && q.ok(fmt.Sprint("connection ", q.conn))
			})
			w.receiveLittle(t)
			r.workers(w.address)
			c := r.client()
			c.wantOpen("connection 1")
			r.keptConn(func(u *conn) {
				u.since += 1000 // so recent that a POST may have it, however slow the machine
				if err := unix.SetsockoptInt(int(u.fd), unix.SOL_SOCKET, unix.SO_SNDBUF, 1); err != nil {
					t.Error(err)
				}
			})
			c.send(strings.Replace(post(strings.Repeat("x", 60_000)), "POST", test.method, 1))
			kept := <-seen
			_, _ = io.WriteString(kept, evil)
			c.read(test.method).want(t, test.status, test.want)
			wantCount(t, "connections to the worker", w.conns.Load(), test.conns)
		})
	}
}

// receiveLittle gives the sockets of a worker's further connections the smallest buffers.
func (s *stub) receiveLittle(t *testing.T) {
	t.Helper()
	raw, err := s.listener.(*net.TCPListener).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, 1) }); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(os.NewSyscallError("setsockopt", err))
	}
}

// TestWhatIsSentInSeveralWritesAndMayNotBeRepeatedHasAConnectionOfItsOwn: its early refusal is a response, which on
// a kept connection could not be told from what belongs to the request before.
func TestWhatIsSentInSeveralWritesAndMayNotBeRepeatedHasAConnectionOfItsOwn(t *testing.T) {
	const size = 200_000
	body := strings.Repeat("x", size)
	tests := []struct{ name, request string }{
		{"a streamed POST", fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", 10*size)},
		{"a streamed PUT", fmt.Sprintf("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", 10*size)},
		{"a POST that waits for 100", fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", 10*size)},
		{"a PUT that waits for 100", fmt.Sprintf("PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", 10*size)},
		{"a long POST that is held", post(body)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, func(o *Options) {
				streams(o)
				o.ClientBodyBufferSize, o.Services[0].ProxyKeepaliveTimeout = 2*size, time.Minute
			})
			w := newStub(t, func(q *stubRequest) bool {
				if strings.HasPrefix(q.head, "GET") {
					return q.ok("kept")
				}
				q.say("HTTP/1.1 413 Content Too Large\r\nContent-Length: 12\r\n\r\nconnection %d", q.conn)
				_, _ = bufio.NewReader(q.in).WriteTo(io.Discard)
				return false
			})
			r.workers(w.address)
			r.client().wantOpen("kept")
			r.keptConn(func(u *conn) { u.since += 1000 })
			c := r.client().send(test.request)
			if !strings.Contains(test.request, "Expect") && !strings.Contains(test.request, "xxx") {
				c.send(body + body + body)
			}
			c.read("POST").want(t, 413, "connection 2")
		})
	}
}

// TestNoClientGetsWhatAWorkerSaidForAnother has a worker write, some time after answers that announce a body and have
// none, that body: it looks like a response. Clients ask in every way at once, and each has to get what it asked for.
func TestNoClientGetsWhatAWorkerSaidForAnother(t *testing.T) {
	r := newRig(t, nil)
	s := newStub(t, func(q *stubRequest) bool {
		if _, err := q.body(); err != nil {
			return false
		}
		body := q.path()
		switch {
		case strings.HasPrefix(q.head, "HEAD"):
			q.say("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", len(evil))
		case strings.HasPrefix(body, "/304"):
			q.say("HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n")
		case strings.HasPrefix(body, "/204"):
			q.say("HTTP/1.1 204 No Content\r\nContent-Length: %d\r\n\r\n", len(evil))
		default:
			return q.ok(body)
		}
		time.Sleep(rand.N(2 * time.Millisecond))
		return q.say("%s", evil)
	})
	r.workers(s.address)
	var all sync.WaitGroup
	for client := range 8 {
		all.Go(func() {
			c := r.client()
			for n := range 100 {
				method := []string{"GET", "HEAD", "POST", "PUT"}[rand.IntN(4)]
				path := fmt.Sprintf("/%s-%d-%d", []string{"200", "204", "304"}[rand.IntN(3)], client, n)
				c.send(fmt.Sprintf("%s %s HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", method, path))
				a := c.read(method)
				if a.err != nil || strings.Contains(a.body, "evil") || a.StatusCode == 200 && method != "HEAD" && a.body != path {
					t.Errorf("%s %s: got %d, %.60q and error %v, want its own answer", method, path, a.StatusCode, a.body, a.err)
					return
				}
			}
		})
	}
	all.Wait()
}

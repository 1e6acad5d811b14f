package lbproxy

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

const singleRequest = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

// eager makes the first loop read right after accept and leave single requests unregistered, as it does after a while
// of clients whose requests are there.
func (r *rig) eager() {
	r.t.Helper()
	r.onLoop(func(l *loop) { l.accepter.early.credit, l.accepter.once.credit = gambleCredit, gambleCredit })
}

func TestAGambleIsDroppedWhenItLosesAndTriedAgainNowAndThen(t *testing.T) {
	var g gamble
	count := func() (n int) {
		for range 10 * gambleProbe {
			if g.worthIt() {
				n++
			}
		}
		return n
	}
	if got := count(); got != 10 {
		t.Errorf("before the first win: got %d tries, want one in %d", got, gambleProbe)
	}
	for range 20 {
		g.won()
	}
	for i := range gambleCredit {
		if !g.worthIt() {
			t.Errorf("after %d losses: got no try, want one", i)
		}
		g.lost()
	}
	if got := count(); got != 10 {
		t.Errorf("after %d losses: got %d tries, want one in %d", gambleCredit, got, gambleProbe)
	}
	g.won()
	if !g.worthIt() {
		t.Error("after a win: got no try, want one")
	}
}

// TestRequestsThatAreThereAtAccept holds the loop while clients connect and speak, so that their bytes are read before
// epoll knows of them.
func TestRequestsThatAreThereAtAccept(t *testing.T) {
	tests := []struct {
		name, first, second string
		fin                 bool // the client's FIN follows its last byte
		pause               time.Duration
		want                int // answers
	}{
		{name: "a single request", first: singleRequest, want: 1},
		{name: "a single request and a FIN", first: singleRequest, fin: true, want: 1},
		{name: "a single request and a FIN, at a slow worker", first: singleRequest, fin: true, pause: 30 * time.Millisecond, want: 1},
		{name: "a single request at a slow worker", first: singleRequest, pause: 30 * time.Millisecond, want: 1},
		{name: "a head in two pieces", first: singleRequest[:20], second: singleRequest[20:], want: 1},
		{name: "a body in two pieces", first: "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 4\r\n\r\nab", second: "cd", want: 1},
		{name: "two requests at once", first: getRequest + singleRequest, want: 2},
		{name: "a second request later", first: getRequest, second: singleRequest, want: 2},
		{name: "an HTTP/1.0 request", first: "GET / HTTP/1.0\r\n\r\n", want: 1},
		{name: "a request that is refused", first: "GET / HTTP/1.1\r\n\r\n", want: 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, nil)
			s := newStub(t, func(q *stubRequest) bool {
				time.Sleep(test.pause)
				return q.ok("fine")
			})
			r.workers(s.address)
			r.eager()
			release := r.hold()
			c := r.client().send(test.first)
			if test.fin {
				_ = c.CloseWrite()
			}
			release()
			if test.second != "" {
				time.Sleep(20 * time.Millisecond) // the first part has been read
				c.send(test.second)
			}
			b, err := io.ReadAll(c.TCPConn)
			if got := strings.Count(string(b), "HTTP/1.1 "); got != test.want || err != nil {
				t.Errorf("got %d answers and %v, want %d and a clean end:\n%s", got, err, test.want, b)
			}
			eventually(t, "nothing is left to register", func() (empty bool) {
				r.onLoop(func(l *loop) { empty = len(l.accepter.late) == 0 })
				return empty
			})
		})
	}
}

func TestAClientThatSendsNothingIsRegistered(t *testing.T) {
	r := newRig(t, nil)
	r.workers(newStub(t, constant("ok")).address)
	r.eager()
	c := r.client()
	time.Sleep(20 * time.Millisecond) // accepted, and found silent
	c.wantOpen("ok")
}

func TestASingleRequestWhoseClientLeavesIsAbandoned(t *testing.T) {
	r := newRig(t, nil)
	entered, left := make(chan struct{}), make(chan struct{})
	r.workers(handler(t, func(_ http.ResponseWriter, q *http.Request) {
		close(entered)
		<-q.Context().Done()
		close(left)
	}))
	r.eager()
	release := r.hold()
	c := r.client().send(singleRequest)
	release()
	<-entered
	eventually(t, "the connection is registered", func() (empty bool) {
		r.onLoop(func(l *loop) { empty = len(l.accepter.late) == 0 })
		return empty
	})
	time.Sleep(20 * time.Millisecond) // its first event was seen
	c.Close()
	select {
	case <-left:
	case <-time.After(10 * time.Second):
		t.Error("the worker still works for a client that left")
	}
}

func TestALongLastResponseArrivesWhole(t *testing.T) {
	const size = 8 << 20
	r := newRig(t, nil)
	r.workers(handler(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("0123456789abcdef", size/16))
	}))
	r.eager()
	for range 5 {
		release := r.hold()
		c := r.client().send(singleRequest)
		release()
		time.Sleep(20 * time.Millisecond) // the sockets are full
		if a := c.read("GET"); len(a.body) != size || a.err != nil {
			t.Errorf("got %d bytes and %v, want %d and no error", len(a.body), a.err, size)
		}
	}
}

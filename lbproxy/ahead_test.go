package lbproxy

import (
	"fmt"
	"strings"
	"testing"
)

// TestWhatClientsSendAheadLeavesRoomForOthers has many clients whose requests take their worker long, and that have
// sent further ones behind them. Those would use up the budget, for as long as the worker takes, for all others.
func TestWhatClientsSendAheadLeavesRoomForOthers(t *testing.T) {
	const slow = "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"
	for _, test := range []struct {
		name, request string // the last of what is there at once
	}{
		{"behind a request", slow},
		{"behind a request and its answer", getRequest + slow},
		{"behind a body", "POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"},
		{"behind a chunked body", "POST /slow HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"},
		{"behind the offer of a tunnel", "GET /slow HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			const clients = 500 // of 20 KiB each
			r := newRig(t, cramped)
			gate := make(chan struct{})
			s := newStub(t, func(q *stubRequest) bool {
				if _, err := q.body(); err != nil {
					return false
				}
				if q.path() == "/slow" {
					<-gate
				}
				return q.ok("ok")
			})
			r.workers(s.address)
			var all []*caller
			for range clients {
				all = append(all, r.client().send(test.request+strings.Repeat(getRequest, 18<<10/len(getRequest))))
			}
			eventually(t, "every request is read", func() bool { return r.exchangesOrNone() })
			if bytes := r.usage(); bytes > 7<<20 {
				t.Errorf("buffers: got %d bytes, want little more than half of the budget of 8 MB", bytes)
			}
			r.client().do(getRequest).want(t, 200, "ok")
			r.client().do(post("hello")).want(t, 200, "ok")
			close(gate)
			all[0].read("GET").want(t, 200, "ok")
			all[0].read("GET").want(t, 200, "ok") // there was room for what it sent ahead
		})
	}
}

// TestAClientThatSentTooMuchAheadHasItsResponseWhole: it is told that its other requests were not looked at, and is
// not reset for still sending.
func TestAClientThatSentTooMuchAheadHasItsResponseWhole(t *testing.T) {
	r := newRig(t, cramped)
	gate := make(chan struct{})
	s := newStub(t, func(q *stubRequest) bool { <-gate; return q.ok(q.path()) })
	r.workers(s.address)
	r.onLoop(func(l *loop) { l.buffers.Get(5 << 20) })
	c := r.client().send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n")
	eventually(t, "the worker has the first", func() bool { return s.requests.Load() == 1 })
	c.send(fmt.Sprintf("GET /3 HTTP/1.1\r\nHost: x\r\nA: %s\r\n\r\n", strings.Repeat("x", 10_000)))
	close(gate)
	a := c.read("GET")
	a.want(t, 200, "/1")
	if !a.Close {
		t.Error("Connection: got none, want close")
	}
	c.send(strings.Repeat(getRequest, 10))
	c.wantEnd()
	if n := s.requests.Load(); n != 1 {
		t.Errorf("requests: the worker got %d, want 1", n)
	}
}

package lbproxy

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"
)

// TestAWorkerThatSpeaksUnaskedKeepsNoConnections: what such a worker says may always come a moment later, when the
// next request is with it and it looks like the answer to that. So it gets no second chance.
func TestAWorkerThatSpeaksUnaskedKeepsNoConnections(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	tests := []struct {
		name   string
		answer func(q *stubRequest) bool // to the first request
		want   bool
	}{
		{"an answer too many", func(q *stubRequest) bool { return q.say(ok) && q.say("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n!") }, true},
		{"an answer too many, in one write", func(q *stubRequest) bool { return q.say(ok + ok) }, true},
		{"the last chunk of a body that was not announced", func(q *stubRequest) bool {
			return q.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") && q.say("0\r\n\r\n")
		}, true},
		{"the end of the connection alone", func(q *stubRequest) bool { return q.say(ok) && false }, false},
		{"nothing", func(q *stubRequest) bool { return q.say(ok) }, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var spoke atomic.Bool
			r := newRig(t, func(o *Options) { o.Services[0].ProxyKeepaliveTimeout = time.Minute })
			s := newStub(t, func(q *stubRequest) bool {
				if q.path() == "/speak" {
					defer spoke.Store(true)
					return test.answer(q)
				}
				return q.ok(fmt.Sprint("connection ", q.conn))
			})
			r.workers(s.address)
			c := r.client()
			c.do("GET /speak HTTP/1.1\r\nHost: x\r\n\r\n").want(t, 200, "ok")
			eventually(t, "all is said", spoke.Load)
			if test.name != "nothing" {
				eventually(t, "the connection is dropped", func() bool { return r.sockets(kindUpstream) == 0 })
			}
			r.fewTurns()
			first := c.do(getRequest).body
			if again := c.do(getRequest).body; (again != first) != test.want {
				t.Errorf("connections: got %q and %q, want different ones: %t", first, again, test.want)
			}
			next := up(s.address)
			next[0].Incarnation++
			r.apply(false, next...)
			first = c.do(getRequest).body
			if again := c.do(getRequest).body; again != first {
				t.Errorf("connections of its successor: got %q and %q, want one", first, again)
			}
		})
	}
}

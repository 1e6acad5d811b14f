package lbproxy

import (
	"io"
	"strings"
	"testing"
	"time"

	"percore/lbproxy/balance"
)

func TestExpectContinue(t *testing.T) {
	const expecting = "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
	tests := []struct {
		name, head, body string
		buffer           int
		continues, asked bool
		status           int
	}{
		{"a held body gets exactly one 100", expecting + "Content-Length: 5\r\n\r\n", "hello", 1 << 16, true, false, 200},
		{"a streamed body gets exactly one 100", expecting + "Content-Length: 5\r\n\r\n", "hello", 0, true, true, 200},
		{"a chunked body gets exactly one 100", expecting + "Transfer-Encoding: chunked\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n", 1 << 16, true, false, 200},
		{"a body that is too large gets none", expecting + "Content-Length: 5000\r\n\r\n", "", 1 << 16, false, false, 413},
		{"an empty body gets none", expecting + "Content-Length: 0\r\n\r\n", "", 1 << 16, false, false, 200},
		{"an HTTP/1.0 client gets none", strings.Replace(expecting, "/1.1", "/1.0", 1) + "Content-Length: 5\r\n\r\n", "hello", 1 << 16, false, false, 200},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, func(o *Options) {
				streams(o)
				o.Services[0].ClientMaxBodySize = 1000
				o.ClientBodyBufferSize = test.buffer
			})
			s := newStub(t, func(q *stubRequest) bool {
				q.say("HTTP/1.1 100 Continue\r\n\r\n") // as Tornado does by itself
				b, err := q.body()
				return err == nil && q.ok(b)
			})
			r.workers(s.address)
			c := r.client().send(test.head)
			if test.continues {
				c.wantBytes("HTTP/1.1 100 Continue\r\n\r\n")
			} else {
				time.Sleep(20 * time.Millisecond)
			}
			c.send(test.body)
			a := c.read("POST")
			if a.StatusCode != test.status || a.StatusCode == 200 && a.body != "" && a.body != "hello" {
				t.Errorf("answer: got %d %q, want %d", a.StatusCode, a.body, test.status)
			}
			if asked := header(s.lastHead()).Get("Expect") != ""; asked != test.asked {
				t.Errorf("head at the worker has an expectation: got %v, want %v", asked, test.asked)
			}
		})
	}
}

func TestABodyThatDoesNotWaitNeedsNoContinue(t *testing.T) {
	r := newRig(t, nil)
	r.workers(newStub(t, mirror).address)
	c := r.client().send("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello")
	c.wantBytes("HTTP/1.1 200 OK\r\n")
}

func TestARequestThatFindsNoPlaceIsRefusedBeforeItsBody(t *testing.T) {
	const expecting = "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
	for size := range 2 {
		r := newRig(t, func(o *Options) { o.Services[0].QueueSize = size })
		r.apply(false, balance.Endpoint{Coming: true, Address: "127.0.0.1:1"})
		var waits []*caller
		for range size {
			waits = append(waits, r.client().send(getRequest))
		}
		eventually(t, "the queue is full", func() bool { return r.proxy.services[0].Waiting() == int64(size) })
		c := r.client().send(expecting)
		c.wantBytes("HTTP/1.1 503 ")
		r.workers(newStub(t, constant("ok")).address)
		for _, w := range waits {
			w.read("GET").want(t, 200, "ok")
		}
		again := r.client().send(expecting)
		again.wantBytes("HTTP/1.1 100 Continue\r\n\r\n")
		again.send("hello").read("POST").want(t, 200, "ok")
	}
}

// TestNoContinueStandsInTheMiddleOfAResponse has a worker refuse a body that its client holds back, and take longer
// over that than the front door waits for a word of it.
func TestNoContinueStandsInTheMiddleOfAResponse(t *testing.T) {
	r := newRig(t, streams)
	goOn := make(chan struct{})
	s := newStub(t, func(q *stubRequest) bool {
		q.say("HTTP/1.1 403 Forbidden\r\nContent-Length: 10\r\n\r\nfirst")
		<-goOn
		q.say("other")
		return false
	})
	r.workers(s.address)
	c := r.client().send("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
	readHead(c.in)
	c.wantBytes("first")
	r.elapse(expectMillis + 1)
	r.fewTurns()
	close(goOn)
	if rest, err := io.ReadAll(c.in); string(rest) != "other" || err != nil {
		t.Errorf("rest of the answer: got %q and error %v, want the worker's", rest, err)
	}
}

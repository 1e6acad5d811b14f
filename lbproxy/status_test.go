package lbproxy

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"percore/lbproxy/balance"
	"percore/lbproxy/page"
)

func TestAMalformedAnswerBecomesA502AndItsConnectionIsNotUsedAgain(t *testing.T) {
	tests := []struct{ name, answer string }{
		{"not HTTP at all", "SSH-2.0-OpenSSH_9.2\r\n"},
		{"a wrong major version", "HTTP/2.0 200 OK\r\n\r\n"},
		{"a status that is no number", "HTTP/1.1 abc OK\r\n\r\n"},
		{"a status below 100", "HTTP/1.1 099 OK\r\n\r\n"},
		{"length and coding at once", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"},
		{"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello"},
		{"a negative length", "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello"},
		{"a coding that we do not speak", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
		{"a malformed first chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"},
		{"a field without a colon", "HTTP/1.1 200 OK\r\nbroken\r\n\r\n"},
		{"a bare LF", "HTTP/1.1 200 OK\nContent-Length: 0\n\n"},
		{"a folded field", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 0\r\n\r\n"},
		{"half a head and then the end", "HTTP/1.1 200 OK\r\nContent-Le"},
		{"another protocol that was not asked for", "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"},
		{"a malformed head behind an interim answer", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 what\r\n\r\n"},
	}
	r := newRig(t, nil)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newStub(t, func(q *stubRequest) bool {
				if q.path() == "/" {
					return q.ok("fine")
				}
				if q.say("%s", test.answer); strings.HasSuffix(test.answer, "Content-Le") {
					return false
				}
				_, _ = q.in.ReadByte() // until the front door closes
				return false
			})
			other := newStub(t, constant("fine"))
			r.seq++
			name := fmt.Sprintf("w%d", r.seq)
			e := balance.Endpoint{Name: name, Address: s.address, Incarnation: r.seq, State: balance.Up}
			if err := r.proxy.Apply(Snapshot{Seq: r.seq, Endpoints: []balance.Endpoint{e}}); err != nil {
				t.Fatal(err)
			}
			c := r.client()
			c.do("GET /bad HTTP/1.1\r\nHost: x\r\n\r\n").want(t, 502, "~malformed")
			c.wantOpen("fine")
			wantCount(t, "connections to the worker", s.conns.Load(), 2)
			wantCount(t, "requests at another worker", other.requests.Load(), 0)
		})
	}
}

// TestAResponseThatStopsInTheMiddleNeverEndsCleanly checks what the client can tell, for each way to frame a body.
func TestAResponseThatStopsInTheMiddleNeverEndsCleanly(t *testing.T) {
	tests := []struct {
		name, answer string
		reset        bool // the worker resets instead of closing
	}{
		{"short of its length", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello", false},
		{"without the last chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", false},
		{"inside a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nhello", false},
		{"with a malformed chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n~", false},
		{"by a reset where the end of the connection is the end", "HTTP/1.1 200 OK\r\n\r\nhello", true},
	}
	for _, test := range tests {
		for minor := range 2 {
			t.Run(fmt.Sprintf("%s, HTTP/1.%d client", test.name, minor), func(t *testing.T) {
				r := newRig(t, nil)
				s := newStub(t, func(q *stubRequest) bool {
					head, body, _ := strings.Cut(test.answer, "hello")
					q.say("%shello", head)
					time.Sleep(20 * time.Millisecond) // the head and the first bytes are on their way to the client
					q.say("%s", body)
					if test.reset {
						_ = q.c.SetLinger(0)
					}
					return false
				})
				r.workers(s.address, s.address)
				c := r.client().send(fmt.Sprintf("GET / HTTP/1.%d\r\nHost: x\r\n\r\n", minor))
				a := c.read("GET")
				if a.StatusCode != 200 || !strings.HasPrefix(a.body, "hello"[:len(a.body)]) {
					t.Errorf("answer: got %d %q, want 200 and a part of the body", a.StatusCode, a.body)
				}
				if a.err == nil {
					t.Errorf("end of the body: got a clean one after %q, want an error", a.body)
				}
				wantCount(t, "executions", s.requests.Load(), 1)
			})
		}
	}
}

func TestSurplusBytesBehindAResponsePoisonTheConnection(t *testing.T) {
	tests := []struct {
		name, answer, surplus string
		later                 bool
	}{
		{"behind a length", okResponse("fine"), "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", false},
		{"behind the last chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\n\r\n", "evil", false},
		{"behind an answer without a body", "HTTP/1.1 204 No Content\r\n\r\n", "evil", false},
		{"a little later", okResponse("fine"), okResponse("evil"), true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, nil)
			answered, said := make(chan struct{}), make(chan struct{})
			s := newStub(t, func(q *stubRequest) bool {
				if q.conn > 1 {
					return q.ok("second connection")
				}
				defer close(said)
				if !test.later {
					return q.say("%s", test.answer+test.surplus)
				}
				q.say("%s", test.answer)
				<-answered
				return q.say("%s", test.surplus)
			})
			r.workers(s.address)
			c := r.client()
			if a := c.do(getRequest); a.body != "fine" && a.StatusCode != 204 {
				t.Errorf("first answer: got %d %q, want what the worker said", a.StatusCode, a.body)
			}
			close(answered)
			<-said // what comes behind the second request cannot be told from its response
			c.wantOpen("second connection")
			wantCount(t, "requests at the worker", s.requests.Load(), 2)
		})
	}
}

func TestRequestsThatAreRefused(t *testing.T) {
	tests := []struct {
		name, request string
		status        string
	}{
		{"no HTTP at all", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + strings.Repeat("x", 64), "400"},
		{"no host", "GET / HTTP/1.1\r\n\r\n", "400"},
		{"length and coding at once", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
		{"a malformed chunk", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\nhello", "400"},
		{"a coding that we do not speak", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "501"},
		{"a tunnel through us", "CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n", "405"},
		{"an unknown expectation", "POST / HTTP/1.1\r\nHost: x\r\nExpect: wonders\r\nContent-Length: 1\r\n\r\n", "417"},
		{"a target that is too long", "GET /" + strings.Repeat("x", 17<<10) + " HTTP/1.1\r\nHost: x\r\n\r\n", "414"},
		{"a head that is too large", "GET / HTTP/1.1\r\nHost: x\r\nA: " + strings.Repeat("x", 33<<10) + "\r\n\r\n", "431"},
		{"a version that we do not speak", "GET / HTTP/2.0\r\n\r\n", "505"},
	}
	r := newRig(t, nil)
	s := newStub(t, constant("never"))
	r.workers(s.address)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := r.raw(test.request)
			if !strings.HasPrefix(got, "HTTP/1.1 "+test.status+" ") || !strings.Contains(got, "Connection: close\r\n") {
				t.Errorf("answer: got %.100q, want status %s and the connection closed", got, test.status)
			}
			if !strings.Contains(got, "<h1>"+test.status+" ") || !strings.Contains(got, "\r\nDate: ") {
				t.Errorf("answer: got %q, want a date and a short body that names the status", got)
			}
		})
	}
	wantCount(t, "requests at the worker", s.requests.Load(), 0)
}

func TestARequestRefusedInTheMiddleOfItsStreamEndsItsWorkersConnection(t *testing.T) {
	r := newRig(t, streams)
	ended := make(chan error, 1)
	s := newStub(t, func(q *stubRequest) bool { _, err := q.body(); ended <- err; return false })
	r.workers(s.address)
	c := r.client().send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
	eventually(t, "the worker has the head", func() bool { return s.requests.Load() == 1 })
	c.send("nonsense\r\n")
	c.read("POST").want(t, 400, "~chunk")
	if err := <-ended; !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("body at the worker: got %v, want an unexpected end", err)
	}
	c.wantEnd()
}

func TestAnErrorKeepsTheConnectionOfARequestThatWasReadWhole(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Services[0].NextUpstream = false })
	s := newStub(t, closer)
	r.workers(s.address)
	c := r.client()
	for range 3 {
		c.do(post("abc")).want(t, 502, "~closed the connection before it answered")
	}
	if a := c.do("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"); a.Header.Get("Connection") != "keep-alive" {
		t.Errorf("Connection to an HTTP/1.0 client: got %q, want keep-alive", a.Header.Get("Connection"))
	}
}

func TestAnErrorToAHeadRequestHasNoBody(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Services[0].QueueTimeout = 50 * time.Millisecond })
	got := r.raw("HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	if !strings.HasPrefix(got, "HTTP/1.1 503 ") || !strings.HasSuffix(got, "\r\n\r\n") {
		t.Errorf("answer: got %q, want a 503 without a body", got)
	}
}

func TestTheTableOfOutcomesIsComplete(t *testing.T) {
	for why := causeBadRequest; why <= causePanic; why++ {
		o := outcomes[why]
		if o.reason == "" || o.side == sideNone || o.side.String() == "" {
			t.Errorf("cause %d: got reason %q and side %q, want both", why, o.reason, o.side)
		}
		if o.status != 0 && o.status != 499 && page.Reason(o.status) == "" {
			t.Errorf("cause %d: status %d has no text", why, o.status)
		}
	}
	wantCount(t, "outcomes", int64(len(outcomes)), int64(causePanic)+1)
}

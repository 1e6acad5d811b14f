package lbproxy

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestTrailersOfAResponse has the worker send all of it at once, and byte by byte.
func TestTrailersOfAResponse(t *testing.T) {
	const asks = "GET / HTTP/1.1\r\nHost: x\r\nTE: trailers\r\n\r\n"
	const section = "Server-Timing: db;dur=5\r\nDigest: a=b\r\n"
	tests := []struct{ name, request, trailers, want string }{
		{"reach a client that asks for them", asks, section, section},
		{"and one that lists TE in Connection, as it should", "GET / HTTP/1.1\r\nHost: x\r\nConnection: TE\r\nTE: gzip, Trailers\r\n\r\n", section, section},
		{"are dropped for all others", getRequest, section, ""},
		{
			"that would change the message are dropped", asks,
			"Content-Length: 5\r\nA: b\r\ntransfer-encoding: chunked\r\nSet-Cookie: a=b\r\nHost: evil\r\nX-Forwarded-For: 6\r\n",
			"A: b\r\n",
		},
		{"none of them safe", asks, "Authorization: x\r\nCache-Control: public\r\n", ""},
		{"none at all", asks, "", ""},
		{"a long section", asks, "A: " + strings.Repeat("x", 7000) + "\r\n", "A: " + strings.Repeat("x", 7000) + "\r\n"},
	}
	for _, test := range tests {
		for _, step := range []int{1 << 20, 1} {
			if step == 1 && len(test.trailers) > 1000 {
				continue
			}
			t.Run(fmt.Sprintf("%s, in pieces of %d", test.name, step), func(t *testing.T) {
				r := newRig(t, nil)
				s := newStub(t, func(q *stubRequest) bool {
					answer := "HTTP/1.1 200 OK\r\nTrailer: Digest\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n" + test.trailers + "\r\n"
					for ; len(answer) > 0; answer = answer[min(step, len(answer)):] {
						q.say("%s", answer[:min(step, len(answer))])
						if step == 1 {
							time.Sleep(200 * time.Microsecond)
						}
					}
					return true
				})
				r.workers(s.address)
				c := r.client()
				for range 2 { // both connections are kept
					c.send(test.request)
					head := readHead(c.in)
					if got, want := strings.Contains(head, "\r\nTrailer: Digest\r\n"), test.request != getRequest; got != want {
						t.Errorf("head: got %q, want Trailer in it: %t", head, want)
					}
					body := ""
					for !strings.HasSuffix(body, "\r\n0\r\n") {
						b, err := c.in.ReadByte()
						if err != nil {
							t.Fatalf("body: got %q and %v", body, err)
						}
						body += string(b)
					}
					if section := readHead(c.in); section != test.want+"\r\n" {
						t.Errorf("trailers: got %.200q, want %.200q", section, test.want+"\r\n")
					}
				}
				wantCount(t, "connections to the worker", s.conns.Load(), 1)
				if got, want := header(s.lastHead()).Get("Te"), map[bool]string{true: "trailers"}[test.request != getRequest]; got != want {
					t.Errorf("TE at the worker: got %q, want %q", got, want)
				}
				if header(s.lastHead()).Get("Connection") != "" {
					t.Errorf("head at the worker: got %q, want no Connection", s.lastHead())
				}
				eventually(t, "every buffer is back", func() bool { return r.usage() == 0 })
			})
		}
	}
}

func TestAnOldClientGetsNoTrailers(t *testing.T) {
	r := newRig(t, nil)
	s := newStub(t, func(q *stubRequest) bool {
		return q.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\n")
	})
	r.workers(s.address)
	c := r.client().send("GET / HTTP/1.0\r\nTE: trailers\r\n\r\n")
	readHead(c.in)
	c.wantBytes("hello")
	c.wantEnd()
	if header(s.lastHead()).Get("Te") != "" {
		t.Errorf("head at the worker: got %q, want no TE", s.lastHead())
	}
}

func TestTrailersOfARequestAreDiscarded(t *testing.T) {
	for _, buffer := range []int{1 << 16, 0} {
		r := newRig(t, func(o *Options) { streams(o); o.ClientBodyBufferSize = buffer })
		s := newStub(t, func(q *stubRequest) bool { b, err := q.body(); return err == nil && q.ok(b) })
		r.workers(s.address)
		c := r.client()
		for range 2 {
			c.do("POST / HTTP/1.1\r\nHost: x\r\nTrailer: A\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nA: b\r\n\r\n").want(t, 200, "hello")
		}
		if h := header(s.lastHead()); h.Get("Trailer") != "" || h.Get("A") != "" {
			t.Errorf("head at the worker: got %q, want nothing of a trailer", s.lastHead())
		}
	}
}

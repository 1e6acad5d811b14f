package lbproxy

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"percore/lbproxy/accesslog"
)

const (
	proxyLine   = "PROXY TCP4 203.0.113.9 192.0.2.1 4711 443\r\n"
	proxyBinary = "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\xcb\x00\x71\x09\xc0\x00\x02\x01\x12\x67\x01\xbb"
	proxyLocal  = "\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00"
)

// demanding makes the listeners demand a PROXY header, and believe the given blocks.
func demanding(prefixes ...string) func(*Options) {
	return func(o *Options) {
		trusting(prefixes...)(o)
		o.ProxyProtocol = true
	}
}

func TestAPROXYHeaderSaysWhoConnects(t *testing.T) {
	const forwarded = "X-Forwarded-For: 198.51.100.7\r\n"
	tests := []struct {
		name, header, fields string
		trusted              []string
		ip, chain            string
	}{
		{"version 1", proxyLine, "", []string{"127.0.0.0/8"}, "203.0.113.9", "203.0.113.9"},
		{"version 2", proxyBinary, "", []string{"127.0.0.0/8"}, "203.0.113.9", "203.0.113.9"},
		{"UNKNOWN leaves the real address", "PROXY UNKNOWN\r\n", "", []string{"127.0.0.0/8"}, "127.0.0.1", "127.0.0.1"},
		{"LOCAL leaves the real address", proxyLocal, "", []string{"127.0.0.0/8"}, "127.0.0.1", "127.0.0.1"},
		{"from an untrusted peer it is read and not believed", proxyLine, "", nil, "127.0.0.1", "127.0.0.1"},
		{"an untrusted peer cannot name a trusted one", "PROXY TCP4 10.0.0.1 192.0.2.1 4711 443\r\n", forwarded, []string{"10.0.0.0/8"}, "127.0.0.1", "127.0.0.1"},
		{"fields of the client that it names do not count", proxyLine, forwarded, []string{"127.0.0.0/8"}, "203.0.113.9", "203.0.113.9"},
		{"fields of a trusted proxy that it names do", proxyLine, forwarded, []string{"127.0.0.0/8", "203.0.113.0/24"}, "198.51.100.7", "198.51.100.7, 203.0.113.9"},
	}
	for _, test := range tests {
		for _, step := range []int{1 << 20, 1} {
			t.Run(fmt.Sprintf("%s, in pieces of %d", test.name, step), func(t *testing.T) {
				r := newRig(t, demanding(test.trusted...))
				s := newStub(t, constant("ok"))
				r.workers(s.address)
				c := r.client()
				for b := test.header + "GET / HTTP/1.1\r\nHost: x\r\n" + test.fields + "\r\n"; len(b) > 0; b = b[min(step, len(b)):] {
					c.send(b[:min(step, len(b))])
					if step == 1 {
						r.exchanges() // one piece, one turn
					}
				}
				c.read("GET").want(t, 200, "ok")
				h := header(s.lastHead())
				if h.Get("X-Real-Ip") != test.ip || h.Get("X-Forwarded-For") != test.chain {
					t.Errorf("head: got %q, want client %s and chain %s", s.lastHead(), test.ip, test.chain)
				}
				c.wantOpen("ok") // once for the connection, not for each request
				if got := header(s.lastHead()).Get("X-Real-Ip"); test.fields == "" && got != test.ip {
					t.Errorf("second request: got client %s, want %s", got, test.ip)
				}
			})
		}
	}
}

func TestWhatIsNoPROXYHeaderEndsTheConnectionInSilence(t *testing.T) {
	tests := []struct{ name, bytes string }{
		{"a request", getRequest},
		{"a malformed line", "PROXY TCP4 nonsense\r\n" + getRequest},
		{"a request in which the header comes late", "GET / HTTP/1.1\r\n" + proxyLine},
	}
	r := newRig(t, func(o *Options) { demanding("127.0.0.0/8")(o); o.AccessLog = accesslog.JSON })
	s := newStub(t, constant("never"))
	r.workers(s.address)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := r.client().send(test.bytes)
			if b, _ := io.ReadAll(c.in); len(b) > 0 { // unread input may make it a reset
				t.Errorf("answer: got %q, want none", b)
			}
		})
	}
	t.Run("half a header and then the end", func(t *testing.T) {
		c := r.client().send(proxyLine[:20])
		_ = c.CloseWrite()
		c.wantEnd()
	})
	wantCount(t, "requests at the worker", s.requests.Load(), 0)
	wantCount(t, "exchanges", int64(r.exchanges()), 0)
	wantCount(t, "connections", int64(r.sockets(kindDownstream)), 0)
	if r.access.String() != "" {
		t.Errorf("access log: got %q, want nothing, as there was no request", r.access.String())
	}
	eventually(t, "it is said", func() bool { return strings.Contains(r.log.String(), "no PROXY header") })
	wantCount(t, "complaints", int64(strings.Count(r.log.String(), "connection refused")), 1)
}

func TestAConnectionThatDoesNotSayWhoItIsIsClosed(t *testing.T) {
	for _, sent := range []string{"", proxyLine[:10]} {
		t.Run(fmt.Sprintf("after %d bytes", len(sent)), func(t *testing.T) {
			r := newRig(t, demanding())
			c := r.client().send(sent)
			eventually(t, "it is there", func() bool { return r.sockets(kindDownstream) == 1 })
			r.exchanges()
			r.elapse(proxyHeaderMillis)
			c.wantEnd()
		})
	}
}

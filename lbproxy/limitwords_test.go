package lbproxy

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

// cookies is a field of n bytes with its line end.
func cookies(n int) string {
	const name = "Cookie: "
	return name + strings.Repeat("c", n-len(name)-len("\r\n")) + "\r\n"
}

// TestWhatIsBeyondALimitOfHeadsNamesTheVariable looks for it where its reader is: in the response and in the log.
func TestWhatIsBeyondALimitOfHeadsNamesTheVariable(t *testing.T) {
	const line, host = "GET / HTTP/1.1\r\n", "Host: x\r\n"
	tests := []struct {
		name, request, answer string
		status                int
		words                 string
	}{
		{"a head", line + host + cookies(33<<10), "", 431, "the head is larger than PERCORE_CLIENT_MAX_HEADER_SIZE=32KB"},
		{
			"a target", "GET /" + strings.Repeat("t", 16<<10) + " HTTP/1.1\r\n" + host, "",
			414, "the target is longer than half of PERCORE_CLIENT_MAX_HEADER_SIZE=32KB",
		},
		{"fields", line + host + strings.Repeat("A: b\r\n", 200), "", 431, "the head has more fields than PERCORE_CLIENT_MAX_HEADER_FIELDS=200"},
		{"an answer's head", line + host, cookies(64 << 10), 502, "the head of the worker's response is larger than PERCORE_PROXY_BUFFER_SIZE=64KB"},
		{"an answer's fields", line + host, strings.Repeat("A: b\r\n", 1001), 502, "the worker's response has more than 1000 fields"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, nil)
			r.workers(newStub(t, func(q *stubRequest) bool {
				q.say("HTTP/1.1 200 OK\r\n%sContent-Length: 0\r\n\r\n", test.answer)
				_, _ = q.in.ReadByte()
				return false
			}).address)
			want := fmt.Sprintf("HTTP/1.1 %d ", test.status)
			if got := r.raw(test.request + "Connection: close\r\n\r\n"); !strings.HasPrefix(got, want) || !strings.Contains(got, test.words) {
				t.Errorf("answer: got %.400q, want %q with %q", got, want, test.words)
			}
			eventually(t, "there is a warning", func() bool {
				for said := range strings.Lines(r.log.String()) {
					if strings.Contains(said, "level=WARN") && strings.Contains(said, test.words) {
						return true
					}
				}
				return false
			})
		})
	}
}

// TestManyHeadsBeyondALimitAreOneLine holds that no stranger fills the log.
func TestManyHeadsBeyondALimitAreOneLine(t *testing.T) {
	r := newRig(t, nil)
	for range 5 {
		r.raw("GET /" + strings.Repeat("t", 17<<10) + " HTTP/1.1\r\nHost: x\r\n\r\n")
	}
	eventually(t, "there is a line", func() bool { return strings.Contains(r.log.String(), "request refused") })
	wantCount(t, "lines", int64(strings.Count(r.log.String(), "request refused")), 1)
}

// TestHeadsWithinTheLimitsPass has the longest heads and most fields that may come, in either direction, and in
// pieces.
func TestHeadsWithinTheLimitsPass(t *testing.T) {
	for _, test := range []struct {
		name                string
		adjust              func(*Options)
		head, fields, reply int
	}{
		{"by default", nil, 32 << 10, 200, 64 << 10},
		{"as large as they may be set", func(o *Options) {
			o.ClientMaxHeaderSize, o.ClientMaxHeaderFields, o.ProxyBufferSize = 1<<20, 1000, 1<<20
		}, 1 << 20, 1000, 1 << 20},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, test.adjust)
			const status, length = "HTTP/1.1 200 OK\r\n", "Content-Length: 2\r\n\r\n"
			reply := status + cookies(test.reply-len(status)-len(length)) + length + "ok"
			s := newStub(t, func(q *stubRequest) bool {
				q.say("%s", reply)
				return true
			})
			r.workers(s.address)
			start := "GET /" + strings.Repeat("t", test.head/2-1) + " HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("A: b\r\n", test.fields-2)
			head := start + cookies(test.head-len(start)-2) + "\r\n"
			c := r.client()
			for range 2 {
				c.send(head)
				c.read("GET").want(t, 200, "ok")
			}
			for i := 0; i < len(head); i += 9000 {
				if _, err := io.WriteString(c.TCPConn, head[i:min(i+9000, len(head))]); err != nil {
					t.Fatal(err)
				}
				r.fewTurns()
			}
			c.read("GET").want(t, 200, "ok")
			wantCount(t, "requests", s.requests.Load(), 3)
			eventually(t, "every buffer is back", func() bool { return r.usage() == 0 })
		})
	}
}

// TestConnectionsToWorkersAreBoundedAsClientsAre has as many kept as there may be, and requests that need fresh ones.
func TestConnectionsToWorkersAreBoundedAsClientsAre(t *testing.T) {
	const clients = 4
	r := newRig(t, func(o *Options) { o.Services[0].ProxyKeepaliveTimeout = time.Minute })
	r.onLoop(func(l *loop) { l.room.clientsMax = clients })
	gates := map[string]chan struct{}{"GET": make(chan struct{}), "POST": make(chan struct{})}
	s := newStub(t, func(q *stubRequest) bool { <-gates[strings.Fields(q.head)[0]]; return q.ok("ok") })
	r.workers(s.address)
	for _, request := range []string{getRequest, post("")} {
		var all []*caller
		for range clients {
			all = append(all, r.client().send(request))
		}
		eventually(t, "the worker has them all", func() bool { return r.exchanges() == clients })
		if n := r.sockets(kindUpstream); n != clients {
			t.Errorf("connections to the worker: got %d, want %d", n, clients)
		}
		r.onLoop(func(l *loop) { wantCount(t, "counted", int64(l.room.upstreams), clients) })
		method, _, _ := strings.Cut(request, " ")
		close(gates[method])
		for _, c := range all {
			c.read(method).want(t, 200, "ok")
			c.Close()
		}
		eventually(t, "the clients are gone", func() bool { return r.sockets(kindDownstream) == 0 })
		r.elapse(2 * freshMillis)
	}
	wantCount(t, "kept connections", int64(r.kept()), clients)
}

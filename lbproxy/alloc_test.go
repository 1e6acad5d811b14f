package lbproxy

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"percore/lbproxy/accesslog"
	"percore/lbproxy/balance"
)

// lean is a client and a worker that allocate nothing themselves, with a front door between them.
type lean struct {
	address string
	client  net.Conn
	request []byte
	buffer  []byte
}

// newLean starts one whose responses have a body of 1 KiB.
func newLean(tb testing.TB, adjust func(*Options)) *lean {
	tb.Helper()
	l := newLeanTo(tb, adjust, leanWorker(tb))
	l.request = []byte("GET /path?query=1 HTTP/1.1\r\nHost: example.org\r\nUser-Agent: lean/1\r\nAccept: */*\r\nAccept-Encoding: gzip\r\nCookie: a=b; c=d\r\n\r\n")
	l.roundTrip(tb)
	return l
}

// newLeanTo starts one in front of a worker that allocates nothing either.
func newLeanTo(tb testing.TB, adjust func(*Options), worker string) *lean {
	tb.Helper()
	o := DefaultOptions()
	if adjust != nil {
		adjust(&o)
	}
	listeners, address := listenersOf(tb, o.Loops)
	p, err := New(o, listeners, slog.New(slog.DiscardHandler), io.Discard, func(Report) {})
	if err != nil {
		tb.Fatal(err)
	}
	finished := make(chan error, 1)
	go func() { finished <- p.Run() }()
	tb.Cleanup(func() {
		p.Close()
		if err := <-finished; err != nil {
			tb.Errorf("Run: got %v, want no error", err)
		}
	})
	if err := p.Apply(Snapshot{Seq: 1, Endpoints: up(worker)}); err != nil {
		tb.Fatal(err)
	}
	l := &lean{address: address, buffer: make([]byte, 16<<10)}
	l.client = l.dial(tb)
	return l
}

func (l *lean) dial(tb testing.TB) net.Conn {
	tb.Helper()
	c, err := net.Dial("tcp", l.address)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { c.Close() })
	return c
}

// leanWorker answers every head it gets with 1 KiB.
func leanWorker(tb testing.TB) string {
	return constantWorker(tb, string(headEnd), "HTTP/1.1 200 OK\r\nServer: lean\r\nContent-Type: text/plain\r\nContent-Length: 1024\r\n\r\n"+
		strings.Repeat("x", 1024))
}

var headEnd = []byte("\r\n\r\n")

// roundTrip sends one request and reads its response.
func (l *lean) roundTrip(tb testing.TB) {
	l.send(tb, l.client)
	l.read(tb, l.client)
}

func (l *lean) send(tb testing.TB, c net.Conn) {
	if _, err := c.Write(l.request); err != nil {
		tb.Fatal(err)
	}
}

func (l *lean) read(tb testing.TB, c net.Conn) {
	for at := 0; ; {
		n, err := c.Read(l.buffer[at:])
		if err != nil {
			tb.Fatal(err)
		}
		at += n
		if end := bytes.Index(l.buffer[:at], headEnd); end >= 0 && at == end+len(headEnd)+1024 {
			return
		}
	}
}

func TestAProxiedRequestAllocatesNothing(t *testing.T) {
	const requests = 10_000
	tests := []struct {
		name   string
		limit  uint64
		adjust func(*Options)
	}{
		// A hundred and more are the test's own: its worker accepts a new connection after every 1000 requests.
		{"without an access log", 300, nil},
		// The buffers between loop and log grow to what a turn brings and what waits, which is a matter of scheduling.
		{"with a combined access log", 500, func(o *Options) { o.AccessLog = accesslog.Combined }},
		{"with a JSON access log", 500, func(o *Options) { o.AccessLog = accesslog.JSON }},
		{"with one request at a time per worker", 300, func(o *Options) { o.Services[0].WorkerConcurrency = 1 }},
		{"by round robin", 300, func(o *Options) { o.Services[0].Balance = balance.RoundRobin }},
		{"by the client's address", 300, func(o *Options) { o.Services[0].Balance = balance.IPHash }},
		{"at random", 300, func(o *Options) { o.Services[0].Balance = balance.Random }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			l := newLean(t, test.adjust)
			wantFewAllocations(t, requests, test.limit, func() { l.roundTrip(t) })
		})
	}
}

// wantFewAllocations counts what the whole process allocates while f runs so often, after it has warmed up.
func wantFewAllocations(t *testing.T, times int, limit uint64, f func()) {
	t.Helper()
	for range 1000 {
		f()
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range times {
		f()
	}
	runtime.ReadMemStats(&after)
	if got := after.Mallocs - before.Mallocs; got >= limit && !raceDetector {
		t.Errorf("allocations in %d rounds: got %d (%d bytes), want fewer than %d", times, got, after.TotalAlloc-before.TotalAlloc, limit)
	}
}

// TestAQueuedRequestAllocatesNothing has eight clients in two loops for a worker that gets one request at a time, so
// that most wait, and many are handed from loop to loop.
func TestAQueuedRequestAllocatesNothing(t *testing.T) {
	l := newLean(t, func(o *Options) { o.Services[0].WorkerConcurrency, o.Loops = 1, 2 })
	var clients []net.Conn
	for range 8 {
		clients = append(clients, l.dial(t))
	}
	wantFewAllocations(t, 2000, 200, func() {
		for _, c := range clients {
			l.send(t, c)
		}
		for _, c := range clients {
			l.read(t, c)
		}
	})
}

// BenchmarkProxiedRequest is one request over kept connections on both sides, the response having 1 KiB. Its time
// includes the client's and the worker's.
func BenchmarkProxiedRequest(b *testing.B) {
	for _, log := range []accesslog.Form{accesslog.Off, accesslog.Combined, accesslog.JSON} {
		b.Run(fmt.Sprintf("access log %s", log), func(b *testing.B) {
			l := newLean(b, func(o *Options) { o.AccessLog = log })
			b.ReportAllocs()
			for b.Loop() {
				l.roundTrip(b)
			}
		})
	}
}

package lbproxy

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"percore/internal/trial"
	"percore/lbproxy/balance"
	"percore/lbproxy/socket"
)

// rig is a front door under test with its workers.
type rig struct {
	t        *testing.T
	proxy    *Proxy
	address  string
	seq      uint64
	reports  chan Report
	access   *trial.Buffer
	log      *trial.Buffer
	finished chan error
	missteps missteps
}

func newTestLog(w *trial.Buffer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// newRig starts a front door on a free port. It is stopped, and its descriptors counted, when the test ends.
func newRig(t *testing.T, adjust func(*Options)) *rig {
	t.Helper()
	o := DefaultOptions()
	if adjust != nil {
		adjust(&o)
	}
	listeners, address := listenersOf(t, o.Loops)
	r := rigOn(t, o, listeners)
	r.address = address
	return r
}

// rigOn starts a front door on given listeners.
func rigOn(t *testing.T, o Options, listeners []socket.Listener) *rig {
	t.Helper()
	var err error
	r := &rig{t: t, reports: make(chan Report, 1000), access: &trial.Buffer{}, log: &trial.Buffer{}, finished: make(chan error, 1)}
	log := newTestLog(r.log)
	r.proxy, err = New(o, listeners, log, r.access, func(rep Report) { r.reports <- rep })
	if err != nil {
		t.Fatal(err)
	}
	r.missteps.watch(r.proxy)
	go func() { r.finished <- r.proxy.Run() }()
	t.Cleanup(func() {
		r.proxy.Close()
		if err := <-r.finished; err != nil {
			t.Errorf("Run: got %v, want no error", err)
		}
		if misstep := r.missteps.first(); misstep != "" {
			t.Error(misstep)
		}
		if strings.Contains(r.log.String(), "panicked") {
			t.Errorf("a handler panicked:\n%s", r.log.String())
		}
	})
	return r
}

// listenersOf opens a listener for each loop on one free port, and says where.
func listenersOf(tb testing.TB, loops int) ([]socket.Listener, string) {
	tb.Helper()
	listeners, err := socket.Listen("127.0.0.1:0", loops)
	if err != nil {
		tb.Fatal(err)
	}
	return listeners, addressOf(listeners[0])
}

// addressOf is where a listener listens.
func addressOf(l socket.Listener) string { return string(socket.AppendLocal(nil, int32(l.File.Fd()))) }

// apply gives the front door a new snapshot.
func (r *rig) apply(drain bool, endpoints ...balance.Endpoint) {
	r.t.Helper()
	r.seq++
	if err := r.proxy.Apply(Snapshot{Seq: r.seq, Endpoints: endpoints, Drain: drain, Sole: drain}); err != nil {
		r.t.Fatal(err)
	}
}

// workers makes the addresses the ready workers, in order.
func (r *rig) workers(addresses ...string) {
	r.t.Helper()
	r.apply(false, up(addresses...)...)
}

func up(addresses ...string) []balance.Endpoint {
	var es []balance.Endpoint
	for i, a := range addresses {
		es = append(es, balance.Endpoint{Index: i, Name: fmt.Sprintf("workers:worker-%d", i), Address: a, Incarnation: 1, PID: 100 + i, State: balance.Up})
	}
	return es
}

// handler starts a real HTTP worker.
func handler(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// script starts a worker that answers each connection by a function of bytes.
func script(t testing.TB, f func(c *net.TCPConn, r *bufio.Reader)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				f(c.(*net.TCPConn), bufio.NewReader(c))
			}()
		}
	}()
	return l.Addr().String()
}

// patience bounds every wait in these tests; it is only ever used up by a failure.
const patience = 30 * time.Second

// dial opens a client connection with a deadline that ends a hanging test.
func (r *rig) dial() *net.TCPConn {
	r.t.Helper()
	c, err := net.Dial("tcp", r.address)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		r.t.Fatal(err)
	}
	return c.(*net.TCPConn)
}

// raw sends bytes on a fresh connection and returns all that comes back until the front door closes.
func (r *rig) raw(request string) string {
	r.t.Helper()
	c := r.dial()
	if _, err := io.WriteString(c, request); err != nil {
		r.t.Fatal(err)
	}
	b, err := io.ReadAll(c)
	if err != nil {
		r.t.Fatalf("read answer: got %v after %q, want a clean end", err, b)
	}
	return string(b)
}

func (r *rig) url(path string) string { return "http://" + r.address + path }

// readHead reads one request head and returns it.
func readHead(r *bufio.Reader) string {
	var head strings.Builder
	for {
		line, err := r.ReadString('\n')
		head.WriteString(line)
		if err != nil || line == "\r\n" {
			return head.String()
		}
	}
}

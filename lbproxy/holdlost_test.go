package lbproxy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestBothDirectionsGoOnWhenTheClientReadsAgain: the worker's response waits for the client, which sends another part
// of its body meanwhile, and then reads.
func TestBothDirectionsGoOnWhenTheClientReadsAgain(t *testing.T) {
	r := newRig(t, func(o *Options) {
		streams(o)
		o.Services[0].ProxyReadTimeout = 3 * time.Second
	})
	const size = 8 << 20
	done := make(chan struct{})
	t.Cleanup(func() { close(done) })
	r.workers(script(t, func(c *net.TCPConn, in *bufio.Reader) {
		readHead(in)
		go func() { _, _ = io.Copy(io.Discard, in) }()
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", size, strings.Repeat("x", size))
		<-done
	}))
	c := r.client()
	_ = c.SetReadBuffer(64 << 10)
	c.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nabc")
	eventually(t, "the client is behind", func() bool { return r.pending() > 0 })
	r.settle()
	c.send(strings.Repeat("y", 1000))
	r.settle()
	_ = c.SetReadBuffer(4 << 20)
	head := readHead(c.in)
	n, err := io.CopyN(io.Discard, c.in, size)
	if n != size {
		t.Errorf("got %d bytes and %v behind %q, want %d", n, err, head, size)
	}
}

// spoil puts a descriptor that cannot be read in the place of a file's.
func spoil(t *testing.T, fd int) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(t.TempDir(), "unreadable"), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := unix.Dup3(int(f.Fd()), fd, unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
}

func TestARequestWhoseFileCannotBeReadIsOurFault(t *testing.T) {
	for place, path := range places(t) {
		t.Run(place, func(t *testing.T) {
			r := newRig(t, func(o *Options) { o.ClientBodyTempPath = path })
			body := pattern(2_000_000)
			c := r.client().send(fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body))
			eventually(t, "it waits with all of its body", func() bool { return r.proxy.services[0].Waiting() == 1 })
			r.onLoop(func(l *loop) { spoil(t, l.exchanges.all[0].request.file.FD()) })
			s := newStub(t, tellLength)
			failed := r.proxy.store.Stats().Failed
			r.workers(s.address)
			c.read("POST").want(t, 500, "~cannot be read")
			if n := s.requests.Load(); n > 1 {
				t.Errorf("heads at the worker: got %d, want 1 at most", n)
			}
			if n := r.proxy.store.Stats().Failed - failed; n > 10 {
				t.Errorf("got %d failed reads, want few", n)
			}
		})
	}
}

func TestAResponseWhoseFileCannotBeReadIsOurFault(t *testing.T) {
	for place, path := range places(t) {
		t.Run(place, func(t *testing.T) {
			r := newRig(t, func(o *Options) { o.ClientBodyTempPath = path })
			body := pattern(20 << 20)
			r.workers(newStub(t, func(q *stubRequest) bool { return q.ok(body) }).address)
			c := r.client()
			_ = c.SetReadBuffer(64 << 10)
			c.send(getRequest)
			eventually(t, "the worker is let go", func() (done bool) {
				r.onLoop(func(l *loop) { done = len(l.exchanges.all) > 0 && l.exchanges.all[0].response.state == responseTaken })
				return done
			})
			r.settle()
			r.onLoop(func(l *loop) { spoil(t, l.exchanges.all[0].writer.over.file.FD()) })
			failed := r.proxy.store.Stats().Failed
			_ = c.SetReadBuffer(4 << 20)
			if n, _ := io.Copy(io.Discard, c.in); n >= int64(len(body)) {
				t.Errorf("got %d bytes, want the response cut", n)
			}
			eventually(t, "the disk is blamed", func() bool { return strings.Contains(r.log.String(), "cannot be read") })
			if n := r.proxy.store.Stats().Failed - failed; n > 10 {
				t.Errorf("got %d failed reads, want few", n)
			}
		})
	}
}

package lbproxy

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"math/rand/v2"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// noise writes size bytes to w that the same seed makes again.
func noise(w io.Writer, size int) hash.Hash {
	digest := sha256.New()
	source := rand.NewChaCha8([32]byte{1})
	b := make([]byte, 64<<10)
	for size > 0 {
		n := min(size, len(b))
		_, _ = source.Read(b[:n])
		_, _ = digest.Write(b[:n])
		if _, err := w.Write(b[:n]); err != nil {
			return digest
		}
		size -= n
	}
	return digest
}

// pending is how many bytes wait in the first loop's outboxes.
func (r *rig) pending() (n int) {
	r.onLoop(func(l *loop) {
		for _, x := range l.exchanges.all {
			n += x.writer.pending() + x.request.unsent.Pending()
		}
	})
	return n
}

// heap is what the process has allocated.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// wantBounded checks what is held when nothing moves any more.
func (r *rig) wantBounded(t *testing.T, heapBefore int64) {
	t.Helper()
	r.settle()
	if pending, grown := r.pending(), heap()-heapBefore; pending > 1<<20 || grown > 2<<20 {
		t.Errorf("held: got %d bytes and a heap that grew by %d, want at most 1 MiB and 2 MiB", pending, grown)
	}
}

// settle waits until nothing moves any more.
func (r *rig) settle() {
	time.Sleep(150 * time.Millisecond)
}

const big = 50 << 20

func TestAClientThatReadsNothingOfALargeResponseCostsLittle(t *testing.T) {
	for _, chunked := range []bool{false, true} {
		t.Run(fmt.Sprintf("chunked %v", chunked), func(t *testing.T) {
			r := newRig(t, streams)
			sent := make(chan hash.Hash, 1)
			r.workers(newStub(t, func(q *stubRequest) bool {
				if !chunked {
					q.say("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", big)
					sent <- noise(q.c, big)
					return true
				}
				q.say("HTTP/1.1 200 OK\r\n\r\n")
				sent <- noise(q.c, big)
				return false
			}).address)
			before := heap()
			c := r.client().send(getRequest)
			eventually(t, "the answer begins", func() bool { return r.pending() > pendingBytesMax })
			r.wantBounded(t, before)
			resp, err := http.ReadResponse(c.in, nil)
			if err != nil {
				t.Fatal(err)
			}
			digest := sha256.New()
			n, err := io.Copy(digest, resp.Body)
			if got, want := digest.Sum(nil), (<-sent).Sum(nil); err != nil || string(got) != string(want) {
				t.Errorf("answer: got %d bytes with digest %x and error %v, want %d with %x", n, got, err, big, want)
			}
		})
	}
}

func TestAWorkerThatReadsNothingOfALargeUploadCostsLittle(t *testing.T) {
	for _, framing := range []string{fmt.Sprintf("Content-Length: %d", big), "Transfer-Encoding: chunked"} {
		t.Run(framing, func(t *testing.T) {
			r := newRig(t, streams)
			start := make(chan struct{})
			r.workers(newStub(t, func(q *stubRequest) bool {
				<-start
				digest := sha256.New()
				_, err := q.copyBody(digest)
				return q.ok(fmt.Sprintf("%x %v", digest.Sum(nil), err))
			}).address)
			c := r.client()
			before := heap()
			c.send("POST / HTTP/1.1\r\nHost: x\r\n" + framing + "\r\n\r\n")
			sent := make(chan hash.Hash, 1)
			go func() {
				if strings.HasPrefix(framing, "Content-Length") {
					sent <- noise(c.TCPConn, big)
					return
				}
				sent <- noise(chunkWriter{c.TCPConn}, big)
				_, _ = io.WriteString(c.TCPConn, "0\r\n\r\n")
			}()
			eventually(t, "the upload stops", func() bool { return r.pending() > 0 })
			r.wantBounded(t, before)
			close(start)
			c.read("POST").want(t, 200, fmt.Sprintf("%x <nil>", (<-sent).Sum(nil)))
		})
	}
}

// chunkWriter makes a chunk of each write.
type chunkWriter struct{ w io.Writer }

func (w chunkWriter) Write(b []byte) (int, error) {
	if _, err := fmt.Fprintf(w.w, "%x\r\n", len(b)); err != nil {
		return 0, err
	}
	if _, err := w.w.Write(b); err != nil {
		return 0, err
	}
	_, err := io.WriteString(w.w, "\r\n")
	return len(b), err
}

func TestASlowClientDoesNotOccupyTheWorker(t *testing.T) {
	const answers = 12
	r := newRig(t, func(o *Options) { o.Services[0].ProxyKeepaliveTimeout = time.Minute })
	body := strings.Repeat("x", 60_000)
	s := newStub(t, func(q *stubRequest) bool { return q.ok(body) })
	r.workers(s.address)
	slow := r.client()
	r.shrinkSendBuffers()
	slow.send(strings.Repeat(getRequest, answers)) // more than the kernel holds for it
	eventually(t, "an answer waits for the client and its worker does not", func() bool {
		return r.pending() > 0 && r.kept() == 1
	})
	if n := s.requests.Load(); n >= answers {
		t.Errorf("requests at the worker: got %d, want fewer than %d while the client reads nothing", n, answers)
	}
	r.client().wantOpen(body)
	for range answers {
		slow.read("GET").want(t, 200, body)
	}
}

// shrinkSendBuffers lets the kernel take little for each client that is connected.
func (r *rig) shrinkSendBuffers() {
	r.t.Helper()
	eventually(r.t, "a client is connected", func() bool { return r.sockets(kindDownstream) > 0 })
	r.onLoop(func(l *loop) {
		for slot := range int32(l.conns.size()) {
			if c := l.conns.at(slot); c.kind == kindDownstream {
				if err := unix.SetsockoptInt(int(c.fd), unix.SOL_SOCKET, unix.SO_SNDBUF, 16<<10); err != nil {
					r.t.Error(err)
				}
			}
		}
	})
}

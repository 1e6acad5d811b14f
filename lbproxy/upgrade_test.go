package lbproxy

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"percore/lbproxy/socket"
)

const upgradeRequest = "GET /chat HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: a2V5\r\n\r\n"

const switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: YQ==\r\n\r\n"

// switches is a worker that agrees to another protocol, sends early bytes and then says everything twice.
func switches(early string) func(*stubRequest) bool {
	return func(q *stubRequest) bool {
		q.say("%s", switching+early)
		b := make([]byte, 4096)
		for {
			n, err := q.in.Read(b)
			if err != nil {
				return false
			}
			q.say("%s%s", b[:n], b[:n])
		}
	}
}

// tunnel opens one and returns the client's end behind the 101.
func (r *rig) tunnel(ahead string) *caller {
	r.t.Helper()
	c := r.client().send(upgradeRequest + ahead)
	head := readHead(c.in)
	h := header(head)
	if !strings.HasPrefix(head, "HTTP/1.1 101 ") || h.Get("Connection") != "Upgrade" || h.Get("Upgrade") != "websocket" ||
		h.Get("Sec-WebSocket-Accept") != "YQ==" {
		r.t.Fatalf("answer: got %q, want the worker's 101 with Connection, Upgrade and Sec-WebSocket-Accept", head)
	}
	return c
}

func (c *caller) wantBytes(want string) {
	c.t.Helper()
	b := make([]byte, len(want))
	if n, err := io.ReadFull(c.in, b); err != nil || string(b) != want {
		c.t.Errorf("bytes: got %q and error %v, want %q", b[:n], err, want)
	}
}

func TestATunnelPassesBytesBothWays(t *testing.T) {
	r := newRig(t, nil)
	s := newStub(t, switches("early from worker;"))
	r.workers(s.address)
	c := r.tunnel("early from client;")
	c.wantBytes("early from worker;early from client;early from client;")
	for range 3 {
		c.send("ping")
		c.wantBytes("pingping")
	}
	h := header(s.lastHead())
	if h.Get("Connection") != "Upgrade" || h.Get("Upgrade") != "websocket" || h.Get("Sec-WebSocket-Key") != "a2V5" {
		t.Errorf("head at the worker: got %q, want exactly Connection: Upgrade and the client's Upgrade and key", s.lastHead())
	}
}

func TestATunnelCarriesALot(t *testing.T) {
	const size = 8 << 20
	r := newRig(t, nil)
	r.workers(newStub(t, func(q *stubRequest) bool {
		q.say("%s", switching)
		_, _ = io.Copy(q.c, q.in)
		_ = q.c.CloseWrite()
		return false
	}).address)
	c := r.tunnel("")
	go func() {
		_, _ = io.WriteString(c.TCPConn, strings.Repeat("0123456789abcdef", size/16))
		_ = c.CloseWrite()
	}()
	time.Sleep(20 * time.Millisecond) // everything between is full
	if got, err := io.ReadAll(c.in); err != nil || string(got) != strings.Repeat("0123456789abcdef", size/16) {
		t.Errorf("echo: got %d bytes and error %v, want the %d bytes sent", len(got), err, size)
	}
}

func TestEachEndOfATunnelMayFinishFirst(t *testing.T) {
	t.Run("the client does, and the worker goes on", func(t *testing.T) {
		r := newRig(t, nil)
		r.workers(newStub(t, func(q *stubRequest) bool {
			q.say("%s", switching)
			got, err := io.ReadAll(q.in)
			time.Sleep(20 * time.Millisecond)
			q.say("%q %v", got, err)
			return false
		}).address)
		c := r.tunnel("")
		c.send("question")
		if err := c.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		c.wantBytes(`"question" <nil>`)
		c.wantEnd()
	})
	t.Run("the worker does, and the client goes on", func(t *testing.T) {
		got := make(chan string, 1)
		r := newRig(t, nil)
		r.workers(newStub(t, func(q *stubRequest) bool {
			q.say("%sgreeting", switching) // with the FIN in the same packet, or nearly
			_ = q.c.CloseWrite()
			b, _ := io.ReadAll(q.in)
			got <- string(b)
			return false
		}).address)
		c := r.tunnel("")
		c.wantBytes("greeting")
		c.wantEnd()
		c.send("answer")
		if err := c.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if b := <-got; b != "answer" {
			t.Errorf("bytes at the worker: got %q, want answer", b)
		}
		eventually(t, "both connections are closed", func() bool { return r.sockets(kindUpstream)+r.sockets(kindDownstream) == 0 })
	})
}

// TestAFinThatArrivesWithTheSwitchIsPassedOn makes the loop see head, bytes and FIN in one event.
func TestAFinThatArrivesWithTheSwitchIsPassedOn(t *testing.T) {
	r := newRig(t, nil)
	asked, said := make(chan struct{}), make(chan struct{})
	s := newStub(t, func(q *stubRequest) bool {
		asked <- struct{}{}
		<-asked
		q.say("%sbye", switching)
		_ = q.c.CloseWrite()
		close(said)
		_, _ = io.ReadAll(q.in)
		return false
	})
	r.workers(s.address)
	r.lengthen(timerHalfClosed)
	c := r.client().send(upgradeRequest)
	<-asked
	release := r.hold()
	asked <- struct{}{}
	<-said
	time.Sleep(5 * time.Millisecond)
	release()
	readHead(c.in)
	c.wantBytes("bye")
	c.wantEnd()
}

func TestTheDeathOfATunnelsWorkerClosesTheClient(t *testing.T) {
	for _, reset := range []bool{false, true} {
		r := newRig(t, nil)
		s := newStub(t, switches(""))
		r.workers(s.address)
		r.lengthen(timerHalfClosed)
		c := r.tunnel("")
		c.send("x")
		c.wantBytes("xx")
		if s.mu.Lock(); reset {
			_ = s.open[0].SetLinger(0)
		}
		s.mu.Unlock()
		s.crash()
		if _, err := c.in.ReadByte(); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("after the worker's end, reset %v: got %v, want the end", reset, err)
		}
		_, _ = io.WriteString(c.TCPConn, "are you there?") // resets the worker's side, which ends both
		eventually(t, "both connections are closed", func() bool { return r.sockets(kindUpstream)+r.sockets(kindDownstream) == 0 })
	}
}

func TestAClientThatLeavesATunnelEndsIt(t *testing.T) {
	r := newRig(t, nil)
	s := newStub(t, switches(""))
	r.workers(s.address)
	c := r.tunnel("")
	c.Close()
	eventually(t, "both connections are closed", func() bool { return r.sockets(kindUpstream)+r.sockets(kindDownstream) == 0 })
}

func TestAnUpgradeThatTheWorkerDeclinesIsAnOrdinaryExchange(t *testing.T) {
	r := newRig(t, nil)
	s := newStub(t, constant("no, thanks"))
	r.workers(s.address)
	c := r.client()
	c.do(upgradeRequest).want(t, 200, "no, thanks")
	c.do(upgradeRequest).want(t, 200, "no, thanks")
	wantCount(t, "connections to the worker", s.conns.Load(), 1)
}

func TestASwitchThatWasNotAskedForIsA502(t *testing.T) {
	tests := []struct{ name, request, answer string }{
		{"no upgrade in the request", getRequest, switching},
		{"an HTTP/1.0 client", strings.Replace(upgradeRequest, "HTTP/1.1", "HTTP/1.0", 1), switching},
		{"HTTP/2 in clear text, which we do not tunnel", strings.Replace(upgradeRequest, "websocket", "h2c", 1), switching},
		{"an answer that does not name the protocol", upgradeRequest, "HTTP/1.1 101 Switching Protocols\r\n\r\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, nil)
			s := newStub(t, func(q *stubRequest) bool {
				_, _ = q.body()
				q.say("%s", test.answer)
				_, _ = q.in.ReadByte()
				return false
			})
			r.workers(s.address)
			r.client().do(test.request).want(t, 502, "~malformed")
			wantCount(t, "executions", s.requests.Load(), 1)
		})
	}
}

// TestAClientThatSendsOnGetsTheLastWordsOfATunnel has a worker that says something and closes, while its client, which
// is slow to read, goes on sending: that meets a closed socket, which is no reason to lose what the worker has said.
// The socket is a unix one, where the kernel keeps all that was said.
func TestAClientThatSendsOnGetsTheLastWordsOfATunnel(t *testing.T) {
	last := strings.Repeat("z", 250_000) + "last words"
	path := filepath.Join(t.TempDir(), "worker")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		r := bufio.NewReader(c)
		readHead(r)
		_, _ = io.WriteString(c, switching)
		_, _ = io.ReadFull(r, make([]byte, len("start")))
		_, _ = io.WriteString(c, last)
	}()
	r := newRig(t, nil)
	r.workers(socket.UnixPrefix + path)
	c := r.tunnel("start")
	<-closed
	for range 3 { // each of which the front door sees alone
		_, _ = io.WriteString(c.TCPConn, "more") // an error shows below
		r.fewTurns()
	}
	if got, err := io.ReadAll(c.in); err != nil || string(got) != last {
		t.Errorf("read: got %d bytes and error %v, want all %d and a FIN", len(got), err, len(last))
	}
}

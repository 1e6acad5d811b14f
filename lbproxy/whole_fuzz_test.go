package lbproxy

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// wholeBytesMax bounds what a client says in one run of the fuzzer.
const wholeBytesMax = 4096

// FuzzWholeProxy lets a client say anything to a real front door with a real worker behind it, in one piece and cut in
// two. Both have to come to the same; each message that the worker sees has to be one that cannot be read in two ways,
// and the one that net/http finds at that place of the client's bytes; and the client gets one answer for each.
func FuzzWholeProxy(f *testing.F) {
	for _, seed := range wholeSeeds {
		f.Add([]byte(seed), uint16(len(seed)/2), false)
		f.Add([]byte(seed), uint16(len(seed)/3), true)
	}
	held, streamed := newSpyhole(f, 64<<10), newSpyhole(f, 0)
	f.Fuzz(func(t *testing.T, raw []byte, cut uint16, stream bool) {
		if len(raw) > wholeBytesMax || len(raw) == 0 {
			return
		}
		s := held
		if stream {
			s = streamed
		}
		whole := s.converse(t, raw)
		at := int(cut) % len(raw)
		if parts := s.converse(t, raw[:at], raw[at:]); !parts.equal(whole) {
			t.Errorf("cut at byte %d: got %v, want %v as in one piece", at, parts, whole)
		}
		whole.check(t, raw)
	})
}

var wholeSeeds = []string{
	pipeline,
	getRequest + getRequest,
	upgradeRequest + "\x81\x00",
	"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5;a=\"b\"\r\nhello\r\n0\r\nX: a\r\n\r\nGET / HTTP/1.0\r\n\r\n",
	"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /s HTTP/1.1\r\nHost: x\r\n\r\n",
	"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
	"GET http://a/ HTTP/1.1\r\nHost: b\r\nConnection: close, x-a\r\nX-A: 1\r\nX_A: 2\r\n\r\n",
	"HEAD / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nOPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
}

// spyhole is a front door between a fuzzer and a worker that writes down what it sees.
type spyhole struct {
	proxy   *Proxy
	address string

	mu   sync.Mutex // guards seen
	seen []message

	missteps missteps
}

// message is a request as the worker, or net/http, understands it.
type message struct {
	method, target, body string
	fault                string // why it is none
}

// course is what became of one conversation.
type course struct {
	seen     []message
	statuses []string
}

func (c course) equal(d course) bool {
	return slices.Equal(c.seen, d.seen) && slices.Equal(c.statuses, d.statuses)
}

func newSpyhole(tb testing.TB, buffer int) *spyhole {
	tb.Helper()
	o := DefaultOptions()
	o.ClientBodyBufferSize = buffer
	o.Services[0].QueueSize = 0
	listeners, address := listenersOf(tb, 1)
	s := &spyhole{address: address}
	var err error
	if s.proxy, err = New(o, listeners, slog.New(slog.DiscardHandler), io.Discard, func(Report) {}); err != nil {
		tb.Fatal(err)
	}
	worker, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	finished := make(chan error, 1)
	go s.work(worker)
	s.missteps.watch(s.proxy)
	go func() { finished <- s.proxy.Run() }()
	tb.Cleanup(func() { s.proxy.Close(); <-finished; worker.Close() })
	if err := s.proxy.Apply(Snapshot{Seq: 1, Endpoints: up(worker.Addr().String())}); err != nil {
		tb.Fatal(err)
	}
	return s
}

func (s *spyhole) work(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			for in := bufio.NewReader(c); s.serve(c, in); {
			}
		}()
	}
}

// serve reads a request and answers it. One that breaks off is no message.
func (s *spyhole) serve(c net.Conn, in *bufio.Reader) bool {
	if _, err := in.Peek(1); err != nil {
		return false
	}
	q := stubRequest{in: in, head: readHead(in)}
	m := message{fault: faultOf(q.head)}
	if m.fault == "" {
		var err error
		if m.body, err = q.body(); err != nil {
			return false
		}
		start := strings.Fields(q.head)
		m.method, m.target = start[0], start[1]
	}
	s.note(m)
	_, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	return err == nil
}

// faultOf says what in a head could be read in two ways, or should not have been passed on.
func faultOf(head string) string {
	lines, whole := strings.CutSuffix(head, "\r\n\r\n")
	start, fields, _ := strings.Cut(lines, "\r\n")
	if !whole || strings.Count(start, " ") != 2 || !strings.HasSuffix(start, " HTTP/1.1") {
		return fmt.Sprintf("starts with %q in %q", start, head)
	}
	count := map[string]int{}
	for line := range strings.SplitSeq(fields, "\r\n") {
		name, value, found := strings.Cut(line, ": ")
		if !found || name == "" || strings.ContainsAny(name, " \t_\"(),/:;<=>?@[\\]{}") || strings.ContainsAny(value, "\x00\r\n") {
			return fmt.Sprintf("line %q", line)
		}
		count[strings.ToLower(name)]++
	}
	for _, name := range []string{"proxy", "trailer", "keep-alive", "proxy-connection", "proxy-authorization"} {
		if count[name] > 0 {
			return "has " + name
		}
	}
	if count["host"] != 1 || count["content-length"]+count["transfer-encoding"] > 1 || count["x-real-ip"] != 1 || count["x-forwarded-for"] != 1 {
		return fmt.Sprintf("counts %v", count)
	}
	return ""
}

func (s *spyhole) note(m message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, m)
}

// converse sends the parts, each of which the front door sees alone, and waits until it has nothing left to do.
func (s *spyhole) converse(t *testing.T, parts ...[]byte) course {
	s.quiet(t)
	s.mu.Lock()
	s.seen = nil
	s.mu.Unlock()
	c, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	for _, part := range parts {
		_, _ = c.Write(part) // the front door may have closed already
		awaitDelivery(t, c.(*net.TCPConn))
		s.quiet(t)
	}
	_ = c.(*net.TCPConn).CloseWrite()
	answers, err := io.ReadAll(c)
	if err, ok := err.(net.Error); ok && err.Timeout() {
		t.Fatalf("the front door does not close: got %q for %q", answers, parts)
	}
	s.quiet(t)
	if misstep := s.missteps.first(); misstep != "" {
		t.Error(misstep)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return course{seen: slices.Clone(s.seen), statuses: statusLines(answers)}
}

// awaitDelivery waits until all that c wrote is in the other side's receive buffer, which on a busy machine may be
// later than when write returns; man 7 tcp, SIOCOUTQ.
func awaitDelivery(t *testing.T, c *net.TCPConn) {
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	for deadline, left := time.Now().Add(20*time.Second), 1; left > 0; {
		err := raw.Control(func(fd uintptr) {
			left, _ = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ)
			if info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err != nil || info.State == tcpClose {
				left = 0 // it was reset
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d bytes are not delivered", left)
		}
	}
}

// tcpClose is TCP_CLOSE of the kernel's tcp_states.h.
const tcpClose = 7

// quiet waits until the front door waits for the client alone.
func (s *spyhole) quiet(t *testing.T) {
	for deadline := time.Now().Add(20 * time.Second); ; {
		idle := 0
		for range turnsToSee {
			s.onLoop(func(l *loop) {
				if len(l.ready) == 0 && l.services[0].table != nil && !l.waitsForWorker() {
					idle++
				}
			})
		}
		if idle == turnsToSee {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the front door does not come to rest")
		}
	}
}

// waitsForWorker reports whether a worker has a request and does not wait for more of its body.
func (l *loop) waitsForWorker() bool {
	return slices.ContainsFunc(l.exchanges.all, func(x *exchange) bool { return x.backend != nil && x.request.state != requestStreaming })
}

func (s *spyhole) onLoop(f func(*loop)) {
	done := make(chan struct{})
	s.proxy.loops[0].post(func(l *loop) { defer close(done); f(l) })
	<-done
}

// statusLines are the first lines of the responses. None of ours has a line in its body that looks like one. Whether a
// client is told to go on depends on how much of the body came with the head (RFC 9110 section 10.1.1), so that does
// not count.
func statusLines(answers []byte) (list []string) {
	for line := range strings.Lines(string(answers)) {
		if strings.HasPrefix(line, "HTTP/1.1 ") && !strings.HasPrefix(line, "HTTP/1.1 100 ") {
			list = append(list, strings.TrimSpace(line))
		}
	}
	return list
}

// check compares what the worker saw with the client's bytes as net/http reads them, and with the responses.
func (c course) check(t *testing.T, raw []byte) {
	finals := 0
	for _, line := range c.statuses {
		if strings.HasPrefix(line, "HTTP/1.1 200") {
			finals++
		}
	}
	if finals != len(c.seen) {
		t.Errorf("got %d answers with 200 for %d messages at the worker: %v", finals, len(c.seen), c)
	}
	in := bufio.NewReader(bytes.NewReader(raw))
	for i, m := range c.seen {
		if m.fault != "" {
			t.Errorf("message %d at the worker: %s", i, m.fault)
			return
		}
		want, ok := nextMessage(in)
		if !ok {
			return // net/http judges what neither we nor workers look at; see FuzzRequest of http1
		}
		if target := want.target; m.target != target && !strings.HasPrefix(strings.ToLower(target), "http://") {
			t.Errorf("message %d: got target %q, want %q", i, m.target, target)
		}
		if m.method != want.method || m.body != want.body {
			t.Errorf("message %d: got %+v, want %+v as net/http has it", i, m, want)
		}
	}
}

func nextMessage(in *bufio.Reader) (message, bool) {
	for {
		b, err := in.Peek(1)
		if err != nil {
			return message{}, false
		}
		if b[0] != '\r' && b[0] != '\n' {
			break
		}
		_, _ = in.Discard(1)
	}
	q, err := http.ReadRequest(in)
	if err != nil {
		return message{}, false
	}
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return message{}, false
	}
	return message{method: q.Method, target: q.RequestURI, body: string(body)}, true
}

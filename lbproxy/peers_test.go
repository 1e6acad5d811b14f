package lbproxy

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/textproto"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// stub is a scripted worker that counts what reaches it.
type stub struct {
	address         string
	listener        net.Listener
	conns, requests atomic.Int64
	closed          atomic.Int64 // connections whose end the worker has seen

	gone atomic.Int64 // connections that the worker has closed

	turn  chan struct{} // for a test and a response that take turns
	ended chan struct{} // closed when the test is over

	mu    sync.Mutex // guards heads and open
	heads []string
	open  []*net.TCPConn
}

// stubRequest is one request as a stub sees it.
type stubRequest struct {
	*stub
	c    *net.TCPConn
	in   *bufio.Reader
	head string
	conn int64 // 1 for the stub's first connection
	nth  int64 // 1 for the connection's first request
}

// newStub starts a worker that calls answer for each request head until that returns false; then the connection is
// closed.
func newStub(t *testing.T, answer func(q *stubRequest) bool) *stub {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &stub{address: l.Addr().String(), listener: l, turn: make(chan struct{}), ended: make(chan struct{})}
	t.Cleanup(func() { close(s.ended) })
	t.Cleanup(s.crash)
	go s.accept(answer)
	return s
}

func (s *stub) accept(answer func(q *stubRequest) bool) {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.open = append(s.open, c.(*net.TCPConn))
		s.mu.Unlock()
		go s.serve(c.(*net.TCPConn), s.conns.Add(1), answer)
	}
}

func (s *stub) serve(c *net.TCPConn, conn int64, answer func(q *stubRequest) bool) {
	defer func() { c.Close(); s.gone.Add(1) }()
	in := bufio.NewReader(c)
	for nth := int64(1); ; nth++ {
		head := readHead(in)
		if !strings.HasSuffix(head, "\r\n\r\n") {
			s.closed.Add(1)
			return
		}
		s.mu.Lock()
		s.heads = append(s.heads, head)
		s.mu.Unlock()
		s.requests.Add(1)
		if !answer(&stubRequest{stub: s, c: c, in: in, head: head, conn: conn, nth: nth}) {
			return
		}
	}
}

// reset resets all connections to the stub.
func (s *stub) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.open {
		_ = c.SetLinger(0)
		c.Close()
	}
}

// crash closes the stub's listener and all its connections, as the death of a process does.
func (s *stub) crash() {
	s.listener.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.open {
		c.Close()
	}
}

var requestStart = regexp.MustCompile(`X-Request-Start: t=\d+\r\n`)

// lastHead is the head of the newest request, without the field that says when it came.
func (s *stub) lastHead() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.heads) == 0 {
		return ""
	}
	return requestStart.ReplaceAllString(s.heads[len(s.heads)-1], "")
}

// say answers with bytes and keeps the connection.
func (q *stubRequest) say(format string, args ...any) bool {
	_, err := fmt.Fprintf(q.c, format, args...)
	return err == nil
}

// ok answers with a body and keeps the connection.
func (q *stubRequest) ok(body string) bool { return q.say("%s", okResponse(body)) }

func okResponse(body string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

// path is the target of the request.
func (q *stubRequest) path() string { return strings.Fields(q.head)[1] }

// header returns the head's fields.
func header(head string) textproto.MIMEHeader {
	_, fields, _ := strings.Cut(head, "\r\n")
	h, _ := textproto.NewReader(bufio.NewReader(strings.NewReader(fields))).ReadMIMEHeader()
	return h
}

// body reads the request's body.
func (q *stubRequest) body() (string, error) {
	var b strings.Builder
	_, err := q.copyBody(&b)
	return b.String(), err
}

// copyBody passes the request's body on to w.
func (q *stubRequest) copyBody(w io.Writer) (int64, error) {
	h := header(q.head)
	if h.Get("Transfer-Encoding") == "chunked" {
		n, err := io.Copy(w, httputil.NewChunkedReader(q.in))
		if err == nil {
			_, err = q.in.Discard(2) // the line after the last chunk
		}
		return n, err
	}
	size, _ := strconv.ParseInt(h.Get("Content-Length"), 10, 64)
	n, err := io.CopyN(w, q.in, size)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// constant is a worker that always answers alike.
func constant(body string) func(*stubRequest) bool {
	return func(q *stubRequest) bool {
		if _, err := q.body(); err != nil {
			return false
		}
		return q.ok(body)
	}
}

// refusing returns an address at which no socket listens.
func refusing(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// caller is one connection to the front door.
type caller struct {
	*net.TCPConn
	t  *testing.T
	in *bufio.Reader
}

func (r *rig) client() *caller {
	r.t.Helper()
	c := r.dial()
	return &caller{TCPConn: c, t: r.t, in: bufio.NewReaderSize(c, 64<<10)}
}

func (c *caller) send(s string) *caller {
	c.t.Helper()
	if _, err := io.WriteString(c.TCPConn, s); err != nil {
		c.t.Fatalf("send %.80q: %v", s, err)
	}
	return c
}

// answer is what a client got.
type answer struct {
	*http.Response
	body string
	err  error // of the body
}

// read reads one answer to a request with the given method.
func (c *caller) read(method string) answer {
	c.t.Helper()
	resp, err := http.ReadResponse(c.in, &http.Request{Method: method})
	if err != nil {
		c.t.Fatalf("read answer: %v", err)
	}
	b, err := io.ReadAll(resp.Body)
	return answer{resp, string(b), err}
}

// do sends a request and reads the response.
func (c *caller) do(request string) answer {
	c.t.Helper()
	c.send(request)
	method, _, _ := strings.Cut(request, " ")
	return c.read(method)
}

// want checks the status and the body; a body that starts with ~ need only contain the rest.
func (a answer) want(t *testing.T, status int, body string) {
	t.Helper()
	if a.StatusCode != status {
		t.Errorf("status: got %d (%q), want %d", a.StatusCode, a.body, status)
	}
	if a.err != nil {
		t.Errorf("body: got error %v, want none", a.err)
	}
	if part, ok := strings.CutPrefix(body, "~"); ok && strings.Contains(a.body, part) {
		return
	}
	if a.body != body {
		t.Errorf("body: got %.200q, want %.200q", a.body, body)
	}
}

// wantEnd checks that the front door closes without another byte and without a reset.
func (c *caller) wantEnd() {
	c.t.Helper()
	if rest, err := io.ReadAll(c.in); err != nil || len(rest) > 0 {
		c.t.Errorf("end of connection: got %.80q and error %v, want a FIN and no byte", rest, err)
	}
}

// wantOpen checks that the connection still serves.
func (c *caller) wantOpen(body string) {
	c.t.Helper()
	c.do(getRequest).want(c.t, 200, body)
}

const getRequest = "GET / HTTP/1.1\r\nHost: test\r\n\r\n"

func post(body string) string {
	return fmt.Sprintf("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

// eventually waits for a condition that other goroutines bring about.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for: %s", patience, what)
		}
	}
}

func wantCount(t *testing.T, what string, got, want int64) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %d, want %d", what, got, want)
	}
}

// onLoop runs f on the first loop's goroutine and waits for it.
func (r *rig) onLoop(f func(*loop)) {
	r.t.Helper()
	done := make(chan struct{})
	r.proxy.loops[0].post(func(l *loop) { defer close(done); f(l) })
	<-done
}

// hold stops the first loop until the returned function is called, so that several things happen to it at once.
func (r *rig) hold() (release func()) {
	entered, leave := make(chan struct{}), make(chan struct{})
	r.proxy.loops[0].post(func(*loop) { close(entered); <-leave })
	<-entered
	return func() { close(leave) }
}

// exchanges is how many exchanges the first loop has now.
func (r *rig) exchanges() (n int) {
	r.onLoop(func(l *loop) { n = l.exchanges.active })
	return n
}

// kept is how many idle worker connections the first loop has.
func (r *rig) kept() (n int) {
	r.onLoop(func(l *loop) {
		for i := range l.services[0].pools.of {
			n += l.services[0].pools.of[i].size
		}
	})
	return n
}

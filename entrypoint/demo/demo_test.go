package demo_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"percore/entrypoint/demo"
)

// patience is how long a test waits for what should happen at once.
const patience = 10 * time.Second

// worker is a running demo worker.
type worker struct {
	address string
	exits   chan int   // codes that /crash asked for
	ended   chan error // what ServeOn returned
	stop    context.CancelFunc
	log     *bytes.Buffer // to be read after the end
}

func start(t *testing.T) *worker {
	t.Helper()
	listener, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	w := &worker{
		address: listener.Addr().String(),
		exits:   make(chan int, 1),
		ended:   make(chan error, 1),
		stop:    cancel,
		log:     new(bytes.Buffer),
	}
	options := demo.Options{Name: "demo-8002", Index: 2, Log: w.log, Exit: func(code int) { w.exits <- code }}
	go func() { w.ended <- demo.ServeOn(ctx, listener, options) }()
	t.Cleanup(func() {
		cancel()
		if w.ended != nil {
			w.end(t)
		}
	})
	return w
}

// end waits for the worker's end, once.
func (w *worker) end(t *testing.T) {
	t.Helper()
	select {
	case err := <-w.ended:
		if err != nil {
			t.Errorf("worker ended with %v, want nil", err)
		}
	case <-time.After(patience):
		t.Error("worker did not end")
	}
	w.ended = nil
}

// dial opens a connection that the test ends at the latest.
func (w *worker) dial(t *testing.T) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", w.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	return conn
}

// talk sends raw and reads until the worker closes.
func (w *worker) talk(t *testing.T, raw string) string {
	t.Helper()
	conn := w.dial(t)
	if _, err := io.WriteString(conn, raw); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(conn)
	if err != nil {
		t.Errorf("read answer to %.60q: %v", raw, err)
	}
	return string(got)
}

// get asks with the standard client.
func (w *worker) get(t *testing.T, path string, header http.Header) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, "http://"+w.address+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header = header
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(content)
}

func TestAnswerSaysWhoAnsweredWhom(t *testing.T) {
	w := start(t)
	response, text := w.get(t, "/any/path?q=<1>", http.Header{"X-Real-Ip": {"192.0.2.7"}, "X-Scheme": {"https"}})
	if got, want := response.Header.Get("Content-Type"), "text/plain; charset=utf-8"; got != want {
		t.Errorf("type: got %q, want %q", got, want)
	}
	for _, want := range []string{"demo-8002 (index 2)", "GET /any/path?q=<1>", "192.0.2.7", "https"} {
		if !strings.Contains(text, want) {
			t.Errorf("got %q, want it to have %q", text, want)
		}
	}
	if _, err := http.ParseTime(response.Header.Get("Date")); err != nil {
		t.Errorf("date: %v", err)
	}
}

func TestBrowserGetsEscapedHTML(t *testing.T) {
	w := start(t)
	accept := http.Header{"Accept": {"application/xml, Text/HTML;q=0.9"}, "X-Real-Ip": {"<script>"}}
	response, page := w.get(t, "/?q=<b>", accept)
	if got, want := response.Header.Get("Content-Type"), "text/html; charset=utf-8"; got != want {
		t.Errorf("type: got %q, want %q", got, want)
	}
	for _, want := range []string{"<h1>Hello from demo-8002!</h1>", "/?q=&lt;b&gt;", "&lt;script&gt;"} {
		if !strings.Contains(page, want) {
			t.Errorf("got %q, want it to have %q", page, want)
		}
	}
}

func TestJSONIsForPrograms(t *testing.T) {
	w := start(t)
	response, content := w.get(t, "/json", http.Header{"Accept": {"text/html"}})
	var got struct {
		Worker   string
		Index    int
		PID      int
		CPU      int
		Requests int64
		Method   string
		Target   string
		Client   string
		Scheme   string
	}
	if err := json.Unmarshal([]byte(content), &got); err != nil {
		t.Fatalf("%q: %v", content, err)
	}
	if got.Worker != "demo-8002" || got.Index != 2 || got.PID != os.Getpid() || got.Requests != 1 {
		t.Errorf("got %+v, want demo-8002, 2, %d, 1", got, os.Getpid())
	}
	if got.CPU < 0 {
		t.Errorf("cpu: got %d, want the one it ran on", got.CPU)
	}
	if !strings.HasPrefix(got.Client, "127.0.0.1:") || got.Scheme != "http" || got.Target != "/json" || got.Method != "GET" {
		t.Errorf("got %+v, want the peer, http, GET and /json", got)
	}
	if got, want := response.Header.Get("Content-Type"), "application/json"; got != want {
		t.Errorf("type: got %q, want %q", got, want)
	}
}

func TestConnectionIsKeptAsTheClientAsks(t *testing.T) {
	const host = "Host: a\r\n"
	cases := []struct {
		name, raw string
		statuses  []string // of all answers, in order
		closing   bool     // the last answer says so
	}{
		{"HTTP/1.1 keeps until close", "GET /1 HTTP/1.1\r\n" + host + "\r\nGET /2 HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n", []string{"200", "200"}, true},
		{"HTTP/1.0 closes", "GET / HTTP/1.0\r\n\r\n", []string{"200"}, true},
		{"HTTP/1.0 keeps when asked", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n", []string{"200", "200"}, true},
		{"a refusal closes", "GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n" + host + "\r\n", []string{"400"}, true},
		{"an unknown version is refused", "GET / HTTP/3.0\r\n" + host + "\r\n", []string{"505"}, true},
		{"a method is refused", "TRACE / HTTP/1.1\r\n" + host + "\r\n", []string{"405"}, true},
		{"a bad chunk is refused", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\nx\r\n", []string{"400"}, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := start(t).talk(t, c.raw)
			var statuses []string
			for _, part := range strings.Split(got, "HTTP/1.1 ")[1:] {
				statuses = append(statuses, part[:3])
			}
			if strings.Join(statuses, " ") != strings.Join(c.statuses, " ") {
				t.Errorf("got %v in %q, want %v", statuses, got, c.statuses)
			}
			if closing := strings.Contains(got, "Connection: close\r\n"); closing != c.closing {
				t.Errorf("closing: got %t, want %t", closing, c.closing)
			}
		})
	}
}

func TestHEADHasNoBody(t *testing.T) {
	got := start(t).talk(t, "HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
	if !strings.HasSuffix(got, "\r\n\r\n") || strings.Contains(got, "Hello") || strings.Contains(got, "Content-Length: 0") {
		t.Errorf("got %q, want a head with the length of GET's body", got)
	}
}

func TestBodiesAreReadAway(t *testing.T) {
	const last = "GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
	big := strings.Repeat("b", 300_000)
	cases := []struct{ name, raw string }{
		{"a short body", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello" + last},
		{"an empty body", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n" + last},
		{"a body beyond the buffer", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n" + big + last},
		{"a chunked body", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" + last},
		{"a chunked body beyond the buffer", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n493e0\r\n" + big + "\r\n0\r\nX: a\r\n\r\n" + last},
		{"a body beside the largest head", "POST / HTTP/1.1\r\nHost: a\r\nX: " + big[:16300] + "\r\nContent-Length: 300000\r\n\r\n" + big + last},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := start(t).talk(t, c.raw)
			if n := strings.Count(got, "HTTP/1.1 200 OK"); n != 2 || !strings.Contains(got, "GET /last") {
				t.Errorf("got %d answers in %.300q, want two", n, got)
			}
		})
	}
}

func TestClientThatWaitsIsToldToContinue(t *testing.T) {
	conn := start(t).dial(t)
	_, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: 2\r\n\r\n")
	interim := make([]byte, len("HTTP/1.1 100 Continue\r\n\r\n"))
	if _, err := io.ReadFull(conn, interim); err != nil || !strings.HasPrefix(string(interim), "HTTP/1.1 100 ") {
		t.Fatalf("got %q, %v; want 100", interim, err)
	}
	_, _ = io.WriteString(conn, "hi")
	if final, err := io.ReadAll(conn); err != nil || !strings.HasPrefix(string(final), "HTTP/1.1 200 ") {
		t.Errorf("got %q, %v; want 200", final, err)
	}
}

func TestSlowAnswerTakesItsTime(t *testing.T) {
	w := start(t)
	cases := []struct {
		path string
		want time.Duration
	}{{"/slow?ms=150", 150 * time.Millisecond}, {"/slow?a=b&ms=50", 50 * time.Millisecond}, {"/slow", 0}, {"/slow?ms=never", 0}, {"/slow?ms=-5", 0}}
	for _, c := range cases {
		began := time.Now()
		if response, _ := w.get(t, c.path, nil); response.StatusCode != http.StatusOK {
			t.Errorf("%s: got status %d, want 200", c.path, response.StatusCode)
		}
		if got := time.Since(began); got < c.want || got > c.want+patience/2 {
			t.Errorf("%s: got %v, want %v", c.path, got, c.want)
		}
	}
}

func TestCrashEndsTheProcessWithoutAnswer(t *testing.T) {
	w := start(t)
	if got := w.talk(t, "GET /crash HTTP/1.1\r\nHost: a\r\n\r\n"); got != "" {
		t.Errorf("got %q, want no answer", got)
	}
	if got := <-w.exits; got != demo.CrashCode {
		t.Errorf("got code %d, want %d", got, demo.CrashCode)
	}
}

func TestStopFinishesRequestsInFlight(t *testing.T) {
	w := start(t)
	conn := w.dial(t)
	_, _ = io.WriteString(conn, "POST /slow?ms=300 HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
	interim := make([]byte, len("HTTP/1.1 100 Continue\r\n\r\n"))
	if _, err := io.ReadFull(conn, interim); err != nil {
		t.Fatal(err)
	}
	w.stop() // the worker is known to be serving this request
	_, _ = io.WriteString(conn, "hi")
	got, err := io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(got), "HTTP/1.1 200 ") || !strings.Contains(string(got), "Connection: close\r\n") {
		t.Errorf("got %q, %v; want 200 and close", got, err)
	}
	w.end(t)
	if log := w.log.String(); !strings.Contains(log, "listens on "+w.address) || !strings.Contains(log, "ended after 1 requests") {
		t.Errorf("log: got %q", log)
	}
}

func TestStopClosesIdleConnectionsWithoutReset(t *testing.T) {
	w := start(t)
	fresh, used := w.dial(t), w.dial(t)
	_, _ = io.WriteString(used, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
	head := make([]byte, 15)
	if _, err := io.ReadFull(used, head); err != nil {
		t.Fatal(err)
	}
	w.stop()
	for _, conn := range []net.Conn{fresh, used} {
		if _, err := io.Copy(io.Discard, conn); err != nil {
			t.Errorf("got %v, want a clean end", err)
		}
	}
	w.end(t)
	if _, err := net.Dial("tcp", w.address); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dial after the end: got %v, want refused", err)
	}
}

func TestTakenPortIsAnError(t *testing.T) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	err = demo.Serve(context.Background(), demo.Options{Port: listener.Addr().(*net.TCPAddr).Port, Name: "demo-1"})
	if !errors.Is(err, syscall.EADDRINUSE) || !strings.HasPrefix(err.Error(), "listen for demo worker demo-1: ") {
		t.Errorf("got %v, want address in use", err)
	}
}

func TestServeEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	ended := make(chan error, 1)
	go func() { ended <- demo.Serve(ctx, demo.Options{}) }()
	select {
	case <-ended: // an ended context may already prevent listening, or end accepting
	case <-time.After(patience):
		t.Error("did not end")
	}
}

func TestClosedListenerIsAnError(t *testing.T) {
	listener, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	err = demo.ServeOn(context.Background(), listener, demo.Options{Name: "demo-1"})
	if !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v, want closed", err)
	}
}

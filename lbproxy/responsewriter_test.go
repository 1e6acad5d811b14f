package lbproxy

import (
	"bytes"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"percore/lbproxy/buffer"
	"percore/lbproxy/http1"
	"percore/lbproxy/timer"
)

// door is a response writer whose client is the other end of a pair of sockets, with as much of a loop as it needs.
type door struct {
	*responseWriter
	t      *testing.T
	client net.Conn
}

func newDoor(t *testing.T, request string) *door {
	t.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(pair[1]), "client")
	client, err := net.FileConn(file)
	_ = file.Close()
	if err != nil {
		t.Fatal(err)
	}
	l := &loop{
		transport: transport{scratch: buffer.NewScratch()}, options: &Options{},
		timers: timer.New(slices.Repeat([]int64{1000}, int(timerFinished))...),
	}
	l.clock.set(time.Unix(1_700_000_000, 0))
	c, _ := l.conns.take(int32(pair[0]), kindDownstream)
	l.timers.Grow(l.conns.size())
	t.Cleanup(func() {
		c.closeSocket()
		_ = client.Close()
	})
	d := &door{&responseWriter{loop: l, client: c.slot}, t, client}
	if _, err := l.request.Parse([]byte(request), 0, http1.DefaultLimits); err != nil {
		t.Fatal(err)
	}
	d.understand(&l.request)
	return d
}

// response parses a worker's head.
func (d *door) response(head string) *http1.Response {
	d.t.Helper()
	r := &d.loop.response
	if n, err := r.Parse([]byte(head), 0, http1.DefaultLimits, d.loop.request.MethodID); err != nil || n != len(head) {
		d.t.Fatalf("parse %q: got %d and %v", head, n, err)
	}
	return r
}

// begin sends a worker's head with the first part of its body, from where a read would have put that.
func (d *door) begin(head, payload string, last bool) {
	d.t.Helper()
	d.takes(d.head(d.response(head), d.loop.scratch.Place([]byte(payload)), last))
}

// part sends a part of a body from where a read would have put it.
func (d *door) part(payload string, last bool) {
	d.t.Helper()
	d.takes(d.body(d.loop.scratch.Place([]byte(payload)), last))
}

func (d *door) takes(takes bool) {
	d.t.Helper()
	if !takes {
		d.t.Error("got a client that takes nothing, want one that does")
	}
}

// heard is all that the client has got since it was asked last.
func (d *door) heard() string {
	d.t.Helper()
	var b bytes.Buffer
	_ = d.client.SetReadDeadline(time.Now().Add(500 * time.Millisecond)) // all of it is here already
	for room := make([]byte, 64<<10); ; {
		n, err := d.client.Read(room)
		b.Write(room[:n])
		if n < len(room) || err != nil {
			return b.String()
		}
	}
}

const (
	request11   = "GET / HTTP/1.1\r\nHost: x\r\nTE: trailers\r\nConnection: TE\r\n\r\n"
	requestLast = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
	request10   = "GET / HTTP/1.0\r\n\r\n"
	kept10      = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
	requestHEAD = "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n"
	dated       = "Date: Tue, 14 Nov 2023 22:13:20 GMT\r\n"
)

// TestAResponseLeavesAsItsClientUnderstandsIt has the same calls for clients of all kinds.
func TestAResponseLeavesAsItsClientUnderstandsIt(t *testing.T) {
	const (
		open    = "HTTP/1.1 200 OK\r\nA: b\r\n\r\n"
		chunked = "HTTP/1.1 200 OK\r\nA: b\r\nTransfer-Encoding: chunked\r\n\r\n"
		length  = "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 10\r\n\r\n"
		inParts = "5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n"
		start   = "HTTP/1.1 200 OK\r\nA: b\r\n" + dated
	)
	tests := []struct{ name, request, head, want string }{
		{"a length", request11, length, start + "Content-Length: 10\r\n\r\nhelloworld"},
		{"chunks", request11, chunked, start + "Transfer-Encoding: chunked\r\n\r\n" + inParts},
		{
			"a body that ends with the worker's connection", request11,
			open,
			start + "Transfer-Encoding: chunked\r\n\r\n" + inParts,
		},
		{
			"the last of a connection", requestLast,
			length,
			start + "Content-Length: 10\r\nConnection: close\r\n\r\nhelloworld",
		},
		{
			"HTTP/1.0 with a length", kept10,
			length,
			start + "Content-Length: 10\r\nConnection: keep-alive\r\n\r\nhelloworld",
		},
		{"HTTP/1.0 has no chunks", kept10, chunked, start + "Connection: close\r\n\r\nhelloworld"},
		{
			"a date of the worker's own", request11,
			"HTTP/1.1 200 OK\r\nDate: today\r\nContent-Length: 10\r\n\r\n",
			"HTTP/1.1 200 OK\r\nDate: today\r\nContent-Length: 10\r\n\r\nhelloworld",
		},
		{
			"what concerns the worker's connection alone", request11,
			"HTTP/1.1 200 OK\r\nConnection: close, x\r\nX: y\r\nKeep-Alive: timeout=5\r\nContent-Length: 10\r\n\r\n",
			"HTTP/1.1 200 OK\r\n" + dated + "Content-Length: 10\r\n\r\nhelloworld",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := newDoor(t, test.request)
			d.begin(test.head, "hello", false)
			if byClose := d.loop.response.Framing == http1.FramingClose; byClose {
				d.part("world", false)
				d.takes(d.body(nil, true))
			} else {
				d.part("world", true)
			}
			if got := d.heard(); got != test.want {
				t.Errorf("got\n%q\nwant\n%q", got, test.want)
			}
			if d.bodyBytes != 10 || d.pending() != 0 || d.loop.buffers.Used() != 0 {
				t.Errorf("got %d bytes of body, %d pending, %d in buffers, want 10 and none", d.bodyBytes, d.pending(), d.loop.buffers.Used())
			}
		})
	}
}

func TestAHeadAndTheFirstOfItsBodyLeaveByOneWrite(t *testing.T) {
	for _, payload := range []string{"", "hello"} {
		d := newDoor(t, request11)
		d.begin("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", payload, true)
		if got := d.heard(); !strings.HasPrefix(got, "HTTP/1.1 200 OK\r\n") || !strings.HasSuffix(got, "\r\n0\r\n\r\n") {
			t.Errorf("%q: got %q, want all of the response", payload, got)
		}
	}
}

func TestTrailersFollowForAClientThatTakesThem(t *testing.T) {
	for request, want := range map[string]string{
		request11:   "3\r\nhel\r\n2\r\nlo\r\n0\r\nDigest: x\r\n\r\n",
		requestLast: "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
	} {
		d := newDoor(t, request)
		d.begin("HTTP/1.1 200 OK\r\nTrailer: Digest\r\nTransfer-Encoding: chunked\r\n\r\n", "", false)
		d.keepTrailer([]byte("Digest: x\r\nContent-Length: 5\r\n"))
		d.part("hel", false)
		d.keepTrailer([]byte("Set-Cookie: a=b\r\n\r\n"))
		d.part("lo", true)
		if got := d.heard(); !strings.HasSuffix(got, "\r\n\r\n"+want) {
			t.Errorf("got %q, want it to end with %q", got, want)
		}
		if d.loop.buffers.Used() != 0 {
			t.Errorf("got %d bytes in buffers, want none", d.loop.buffers.Used())
		}
	}
}

func TestResponsesOfOurOwn(t *testing.T) {
	page := func(status int) *ownResponse {
		return &ownResponse{status: status, contentType: "text/plain", body: []byte("sorry\n")}
	}
	busy, refused, head := page(503), page(405), page(404)
	busy.retryAfter, refused.allow, head.isHead, head.status = 7, "GET", true, 400
	tests := []struct {
		name, request string
		own           *ownResponse
		want          string
	}{
		{
			"a page", request11,
			page(502),
			"HTTP/1.1 502 Bad Gateway\r\n" + dated + "Content-Type: text/plain\r\nContent-Length: 6\r\n\r\nsorry\n",
		},
		{
			"when to come again", request11,
			busy,
			"HTTP/1.1 503 Service Unavailable\r\n" + dated + "Content-Type: text/plain\r\nRetry-After: 7\r\nContent-Length: 6\r\n\r\nsorry\n",
		},
		{
			"what is allowed", request11,
			refused,
			"HTTP/1.1 405 Method Not Allowed\r\n" + dated + "Content-Type: text/plain\r\nAllow: GET\r\nContent-Length: 6\r\n\r\nsorry\n",
		},
		{
			"for HEAD", requestHEAD,
			head,
			"HTTP/1.1 400 Bad Request\r\n" + dated + "Content-Type: text/plain\r\nContent-Length: 6\r\n\r\n",
		},
		{
			"without a body", request11,
			&ownResponse{status: 204, allow: "GET"},
			"HTTP/1.1 204 No Content\r\n" + dated + "Allow: GET\r\n\r\n",
		},
		{
			"for HTTP/1.0", request10,
			page(502),
			"HTTP/1.1 502 Bad Gateway\r\n" + dated + "Content-Type: text/plain\r\nContent-Length: 6\r\nConnection: close\r\n\r\nsorry\n",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := newDoor(t, test.request)
			d.takes(d.own(test.own))
			if got := d.heard(); got != test.want {
				t.Errorf("got\n%q\nwant\n%q", got, test.want)
			}
			if n := testing.AllocsPerRun(20, func() { d.own(test.own) }); n != 0 {
				t.Errorf("got %v allocations, want none", n)
			}
		})
	}
}

func TestWhatComesBeforeAndInsteadOfAResponse(t *testing.T) {
	d := newDoor(t, request11)
	d.takes(d.goAhead())
	d.takes(d.interim(d.response("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\nConnection: x\r\nX: y\r\nContent-Length: 5\r\n\r\n")))
	d.takes(d.switchProtocols(d.response("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"), []byte("first")))
	want := "HTTP/1.1 100 Continue\r\n\r\n" + "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" +
		"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nfirst"
	if got := d.heard(); got != want {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
	if d.keepAlive || d.bodyBytes != 5 {
		t.Errorf("got keepAlive %t and %d bytes, want a connection that is not kept and 5", d.keepAlive, d.bodyBytes)
	}
	if newDoor(t, request10).knowsInterim() {
		t.Error("HTTP/1.0: got a client that knows of interim responses")
	}
}

func TestAProbeIsTheBeginningOfWhatFollows(t *testing.T) {
	d := newDoor(t, request11)
	d.takes(d.probe(false))
	d.takes(d.probe(false)) // once is enough
	d.begin("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "hello", false)
	d.takes(d.probe(true))
	d.part("world", true)
	want := "HTTP/1.1 200 OK\r\n" + dated + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n05\r\nworld\r\n0\r\n\r\n"
	if got := d.heard(); got != want {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

// TestWhatTheSocketDoesNotTakeIsKeptInOrder has a client that reads nothing before all has been said.
func TestWhatTheSocketDoesNotTakeIsKeptInOrder(t *testing.T) {
	d := newDoor(t, request11)
	d.begin("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "", false)
	part := strings.Repeat("x", buffer.ScratchBytes)
	const parts = 8
	for range parts {
		d.part(part, false)
	}
	d.takes(d.body(nil, true))
	if d.pending() == 0 || d.loop.timers.Class(d.responseWriter.client) != timerSend {
		t.Fatal("got a socket that takes everything, want one that does not, and a timer")
	}
	var got bytes.Buffer
	for d.pending() > 0 {
		got.WriteString(d.heard())
		_, ok := d.flush()
		d.takes(ok)
	}
	got.WriteString(d.heard())
	_, body, _ := strings.Cut(got.String(), "\r\n\r\n")
	if want := strings.Repeat("40000\r\n"+part+"\r\n", parts) + "0\r\n\r\n"; body != want {
		t.Errorf("got %d bytes, want %d in order", len(body), len(want))
	}
	if d.loop.buffers.Used() != 0 {
		t.Errorf("got %d bytes in buffers, want none", d.loop.buffers.Used())
	}
}

func TestAClientThatIsGoneTakesNothing(t *testing.T) {
	d := newDoor(t, request11)
	_ = d.client.Close()
	if d.goAhead() || d.own(&ownResponse{status: 204}) || d.probe(false) {
		t.Error("got a client that takes something, want none")
	}
	if _, err := io.WriteString(d.client, "x"); err == nil {
		t.Error("the client's end: got one that is open")
	}
}

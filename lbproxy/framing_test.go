package lbproxy

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

// head10 and head11 ask for / in either version and keep the connection where that is the default.
const head10 = "GET / HTTP/1.0\r\n\r\n"

func TestAnswersWithoutABody(t *testing.T) {
	tests := []struct {
		name, method, answer, wantHead string
		conns                          int64 // 2 where a body is announced, which may come all the same
	}{
		{"HEAD keeps the length", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n", "Content-Length: 1234\r\n", 2},
		{"HEAD with a length of 0", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "Content-Length: 0\r\n", 1},
		{"HEAD without a length", "HEAD", "HTTP/1.1 200 OK\r\nX-A: b\r\n\r\n", "X-A: b\r\n", 2},
		{"HEAD of a chunked answer", "HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: b\r\n\r\n", "X-A: b\r\n", 2},
		{"HEAD that is answered by 204", "HEAD", "HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n", "X-A: b\r\n", 1},
		{"204", "GET", "HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n", "HTTP/1.1 204 No Content\r\n", 1},
		{"204 with a length that it must not have", "GET", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 204 No Content\r\n", 1},
		{"204 of five bytes", "GET", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", "HTTP/1.1 204 No Content\r\n", 2},
		{"304", "GET", "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n", "ETag: \"x\"\r\n", 1},
		{"304 keeps the length", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\nETag: \"x\"\r\n\r\n", "Content-Length: 99\r\n", 2},
		{"304 of a chunked answer", "GET", "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\nX-A: b\r\n\r\n", "X-A: b\r\n", 2},
		{"a length of 0", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "Content-Length: 0\r\n", 1},
		{
			"an interim answer of five bytes first", "GET", "HTTP/1.1 102 Processing\r\nContent-Length: 5\r\n\r\nHTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n",
			"HTTP/1.1 102 Processing\r\n", 2,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, nil)
			s := newStub(t, func(q *stubRequest) bool { return q.say("%s", test.answer) })
			r.workers(s.address)
			c := r.client()
			for range 2 {
				c.send(test.method + " / HTTP/1.1\r\nHost: x\r\n\r\n")
				head := readHead(c.in)
				if strings.Contains(head, " 102 ") {
					head += readHead(c.in)
				}
				if !strings.Contains(head, test.wantHead) || strings.Contains(head, "Transfer-Encoding") {
					t.Errorf("head: got %q, want %q in it and no Transfer-Encoding", head, test.wantHead)
				}
				if strings.HasPrefix(test.name, "204") && strings.Contains(head, "Content-Length") {
					t.Errorf("head: got %q, want no Content-Length", head)
				}
			}
			wantCount(t, "connections to the worker", s.conns.Load(), test.conns)
			r.exchanges()
			if n := c.in.Buffered(); n > 0 {
				t.Errorf("bytes behind the head: got %d, want none", n)
			}
		})
	}
}

func TestInterimResponses(t *testing.T) {
	const hints = "HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n"
	tests := []struct{ name, request, interim, want string }{
		{"100 is swallowed, as the front door has sent its own", getRequest, "HTTP/1.1 100 Continue\r\n\r\n", ""},
		{"103 is passed on", getRequest, hints, hints},
		{"several are passed on", getRequest, hints + "HTTP/1.1 102 Processing\r\n\r\n" + hints, hints + "HTTP/1.1 102 Processing\r\n\r\n" + hints},
		{"103 is kept from HTTP/1.0 clients", head10, hints, ""},
	}
	for _, test := range tests {
		for _, pause := range []time.Duration{0, 10 * time.Millisecond} {
			t.Run(fmt.Sprintf("%s, pause %v", test.name, pause), func(t *testing.T) {
				r := newRig(t, nil)
				s := newStub(t, func(q *stubRequest) bool {
					if pause == 0 {
						return q.say("%s", test.interim+okResponse("ok"))
					}
					half := len(test.interim) / 2
					q.say("%s", test.interim[:half])
					time.Sleep(pause)
					q.say("%s", test.interim[half:])
					time.Sleep(pause)
					return q.ok("ok")
				})
				r.workers(s.address)
				c := r.client().send(test.request)
				c.wantBytes(test.want + "HTTP/1.1 200 OK\r\n")
				rest := readHead(c.in)
				c.wantBytes("ok")
				if strings.Contains(rest, "HTTP/1.1 1") {
					t.Errorf("rest of the head: got %q, want no interim answer", rest)
				}
				eventually(t, "the worker's connection is kept", func() bool { return r.kept() == 1 })
			})
		}
	}
}

func TestHowAResponsesBodyIsFramedForTheClient(t *testing.T) {
	const closing = "HTTP/1.0 200 OK\r\n\r\nhello"
	const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;ext=1\r\nhe\r\n3\r\nllo\r\n0\r\nTrailer: x\r\n\r\n"
	tests := []struct {
		name, request, answer, want string
		kept                        bool
	}{
		{"until close becomes chunks for HTTP/1.1", getRequest, closing, "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", true},
		{"until close stays so for HTTP/1.0", head10, closing, "Connection: close\r\n\r\nhello", false},
		{"chunks are joined and framed anew for HTTP/1.1", getRequest, chunked, "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", true},
		{"chunks become until close for HTTP/1.0", head10, chunked, "Connection: close\r\n\r\nhello", false},
		{
			"HTTP/1.0 keep-alive is given up where there is no length", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
			chunked, "Connection: close\r\n\r\nhello", false,
		},
		{"a length stays a length", getRequest, okResponse("hello"), "Content-Length: 5\r\n\r\nhello", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, nil)
			r.workers(newStub(t, func(q *stubRequest) bool {
				q.say("%s", test.answer)
				return test.answer != closing
			}).address)
			c := r.client().send(test.request)
			head := readHead(c.in)
			_, framing, _ := strings.Cut(head[:len(head)-4], "GMT\r\n")
			want := test.want[strings.Index(test.want, "\r\n\r\n")+4:]
			if framing+"\r\n\r\n"+want != test.want {
				t.Errorf("framing: got %q, want that of %q", framing, test.want)
			}
			c.wantBytes(want)
			if !test.kept {
				c.wantEnd()
				return
			}
			if a := c.do(getRequest); a.body != "hello" {
				t.Errorf("second answer: got %q, want hello", a.body)
			}
		})
	}
}

func TestHowARequestsBodyIsFramedForTheWorker(t *testing.T) {
	chunk := func(parts ...string) string {
		var b strings.Builder
		for _, p := range parts {
			fmt.Fprintf(&b, "%x\r\n%s\r\n", len(p), p)
		}
		return b.String() + "0\r\n\r\n"
	}
	long := strings.Repeat("0123456789", 3000)
	tests := []struct {
		name, framing, body, wantBody string
		buffer                        int
		wantField                     string
	}{
		{"chunks that are held whole get a length", "Transfer-Encoding: chunked", chunk("he", "llo"), "hello", 1 << 16, "Content-Length: 5"},
		{"an empty chunked body gets a length of 0", "Transfer-Encoding: chunked", chunk(), "", 1 << 16, "Content-Length: 0"},
		{"chunks beyond the buffer are streamed in chunks", "Transfer-Encoding: chunked", chunk(long, long), long + long, 5000, "Transfer-Encoding: chunked"},
		{"chunks with a buffer of 0 are streamed", "Transfer-Encoding: chunked", chunk("he", "llo"), "hello", 0, "Transfer-Encoding: chunked"},
		{"a length that is held stays", "Content-Length: 5", "hello", "hello", 1 << 16, "Content-Length: 5"},
		{"a length beyond the buffer stays", "Content-Length: 30000", long, long, 5000, "Content-Length: 30000"},
		{"a length with a buffer of 0 stays", "Content-Length: 5", "hello", "hello", 0, "Content-Length: 5"},
		{"a body of exactly the buffer", "Content-Length: 5", "hello", "hello", 5, "Content-Length: 5"},
		{"a length of 0 stays", "Content-Length: 0", "", "", 0, "Content-Length: 0"},
	}
	for _, test := range tests {
		for _, step := range []int{1 << 20, 1000, 1} {
			t.Run(fmt.Sprintf("%s, in pieces of %d", test.name, step), func(t *testing.T) {
				r := newRig(t, func(o *Options) { streams(o); o.ClientBodyBufferSize = test.buffer })
				s := newStub(t, func(q *stubRequest) bool { b, err := q.body(); return err == nil && q.ok(b) })
				r.workers(s.address)
				c := r.client().send("POST / HTTP/1.1\r\nHost: x\r\n" + test.framing + "\r\n\r\n")
				r.exchanges()
				for b := test.body; len(b) > 0; b = b[min(step, len(b)):] {
					c.send(b[:min(step, len(b))])
					if len(test.body) < 100 {
						r.exchanges() // one piece, one turn
					}
				}
				c.read("POST").want(t, 200, test.wantBody)
				head := s.lastHead()
				if !strings.Contains(head, "\r\n"+test.wantField+"\r\n") && !(step >= len(test.body) && strings.Contains(head, "\r\nContent-Length: ")) {
					t.Errorf("head at the worker: got %q, want %s", head, test.wantField)
				}
				if strings.Contains(head, "Content-Length") && strings.Contains(head, "Transfer-Encoding") {
					t.Errorf("head at the worker: got %q, want one framing only", head)
				}
				c.do(requestOf("PUT", "next")).want(t, 200, "next")
				wantCount(t, "connections to the worker", s.conns.Load(), 1)
			})
		}
	}
}

func TestTheLimitOfABody(t *testing.T) {
	tests := []struct {
		name, request string
		status        int
		executions    int64
	}{
		{"a length of exactly the limit passes", post(strings.Repeat("x", 1000)), 200, 1},
		{"a length beyond it is refused unread", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n", 413, 0},
		{
			"chunks of exactly the limit pass", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n" +
				strings.Repeat("x", 1000) + "\r\n0\r\n\r\n", 200, 1,
		},
		{
			"chunks beyond it are refused by their running total", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" +
				strings.Repeat("64\r\n"+strings.Repeat("x", 100)+"\r\n", 11), 413, 0,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, func(o *Options) { o.Services[0].ClientMaxBodySize = 1000 })
			s := newStub(t, constant("ok"))
			r.workers(s.address)
			c := r.client()
			if a := c.do(test.request); a.StatusCode != test.status {
				t.Errorf("status: got %d, want %d", a.StatusCode, test.status)
			}
			wantCount(t, "executions", s.requests.Load(), test.executions)
			if test.status == 413 {
				c.wantEnd()
			}
		})
	}
}

func TestAStreamedBodyBeyondTheLimitIsCutOffAtTheWorker(t *testing.T) {
	r := newRig(t, func(o *Options) { streams(o); o.Services[0].ClientMaxBodySize = 1000; o.ClientBodyBufferSize = 100 })
	ended := make(chan error, 1)
	s := newStub(t, func(q *stubRequest) bool { _, err := q.body(); ended <- err; return false })
	r.workers(s.address)
	c := r.client().send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1f4\r\n" + strings.Repeat("x", 500) + "\r\n")
	eventually(t, "the worker has the start", func() bool { return s.requests.Load() == 1 })
	c.send("1f5\r\n" + strings.Repeat("x", 501) + "\r\n0\r\n\r\n")
	c.read("POST").want(t, 413, "~too large")
	if err := <-ended; !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("body at the worker: got %v, want an unexpected end", err)
	}
}

// TestAnEarlyResponseReachesAClientThatIsStillSending has the worker refuse an upload that it does not read.
func TestAnEarlyResponseReachesAClientThatIsStillSending(t *testing.T) {
	const refusal = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 7\r\n%s\r\ntoo big"
	tests := []struct {
		name, extra string
		closes      bool
	}{
		{"and the worker closes", "Connection: close\r\n", true},
		{"and the worker closes without a word", "", true},
		{"and the worker stays", "", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, nil)
			s := newStub(t, func(q *stubRequest) bool {
				q.say(refusal, test.extra)
				if !test.closes {
					_, _ = io.Copy(io.Discard, q.in)
				}
				return false
			})
			r.workers(s.address)
			c := r.client().send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 12000000\r\n\r\n")
			sent := make(chan error, 1)
			go func() { _, err := io.WriteString(c.TCPConn, strings.Repeat("x", 12000000)); sent <- err }()
			a := c.read("POST")
			a.want(t, 413, "too big")
			if !a.Close {
				t.Error("the answer keeps the connection, want Connection: close")
			}
			<-sent // what is still on its way is taken and thrown away, or the response could be lost
			eventually(t, "the worker's connection is closed", func() bool { return r.sockets(kindUpstream) == 0 })
		})
	}
}

// TestAnEarlyResponseToAClientThatSendsOnAndReadsSlowly has all of the response taken from the worker while the client
// has read none of it and sends on.
func TestAnEarlyResponseToAClientThatSendsOnAndReadsSlowly(t *testing.T) {
	r := newRig(t, streams)
	body := strings.Repeat("x", 250_000)
	gate := make(chan struct{})
	r.workers(newStub(t, func(q *stubRequest) bool {
		<-gate
		q.ok(body)
		gate <- struct{}{}
		_, _ = io.Copy(io.Discard, q.in)
		return false
	}).address)
	c := r.client()
	_ = c.SetReadBuffer(70_000)
	c.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nstart")
	eventually(t, "the worker has the start", func() bool { return r.sockets(kindUpstream) == 1 })
	r.shrinkSendBuffers()
	release := r.hold()
	gate <- struct{}{}
	<-gate
	release()
	eventually(t, "the answer is taken and waits for the client", func() (waits bool) {
		r.onLoop(func(l *loop) {
			waits = l.exchanges.all[0].response.state == responseTaken && l.exchanges.all[0].writer.unsent.Pending() > 0
		})
		return waits
	})
	c.send(strings.Repeat("y", 10_000))
	time.Sleep(5 * time.Millisecond)
	c.send(strings.Repeat("y", 10_000))
	c.read("POST").want(t, 200, body)
}

// TestAClientThatReadsOnlyWhenItHasSentAllGetsAnEarlyResponse has the response wait for a client that waits to be
// read.
func TestAClientThatReadsOnlyWhenItHasSentAllGetsAnEarlyResponse(t *testing.T) {
	r := newRig(t, streams)
	body := strings.Repeat("x", 250_000)
	gate := make(chan struct{})
	r.workers(newStub(t, func(q *stubRequest) bool {
		<-gate
		q.ok(body)
		_, _ = io.Copy(io.Discard, q.in)
		return false
	}).address)
	c := r.client()
	_ = c.SetReadBuffer(70_000)
	c.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 20000000\r\n\r\nstart")
	eventually(t, "the worker has the start", func() bool { return r.sockets(kindUpstream) == 1 })
	r.shrinkSendBuffers()
	release := r.hold()
	close(gate)
	time.Sleep(20 * time.Millisecond) // the whole response is here
	release()
	c.send(strings.Repeat("y", 20_000_000-len("start")))
	c.read("POST").want(t, 200, body)
}

// TestWhatIsHereOfAResponseThatIsCutStillReachesASlowClient has the worker break its response off while half of it
// waits for the client.
func TestWhatIsHereOfAResponseThatIsCutStillReachesASlowClient(t *testing.T) {
	r := newRig(t, nil)
	body := strings.Repeat("x", pendingBytesMax)
	gate := make(chan struct{})
	s := newStub(t, func(q *stubRequest) bool {
		<-gate
		q.say("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n%s", body)
		return false
	})
	r.workers(s.address)
	c := r.client()
	_ = c.SetReadBuffer(8_000)
	c.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	r.shrinkSendBuffers()
	release := r.hold()
	close(gate)
	eventually(t, "the worker is gone", func() bool { return s.gone.Load() == 1 })
	release()
	eventually(t, "its connection is closed", func() bool { return r.sockets(kindUpstream) == 0 })
	if a := c.read("GET"); a.StatusCode != 200 || len(a.body) != len(body) || a.err == nil {
		t.Errorf("answer: got %d, %d bytes and error %v, want 200, %d bytes and an end that is none", a.StatusCode, len(a.body), a.err, len(body))
	}
}

func TestATinyPieceOfAStreamIsPassedOnAtOnce(t *testing.T) {
	r := newRig(t, nil)
	step := make(chan struct{})
	r.workers(newStub(t, func(q *stubRequest) bool {
		q.say("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
		for range 5 {
			<-step
			q.say("5\r\nevent\r\n")
		}
		return q.say("0\r\n\r\n")
	}).address)
	c := r.client().send(getRequest)
	readHead(c.in)
	for range 5 {
		step <- struct{}{}
		c.wantBytes("5\r\nevent\r\n") // the worker sends no other until the next step
	}
	c.wantBytes("0\r\n\r\n")
}

// TestAResetThatAWriteFindsIsNoCleanEnd resets the worker's connection in the middle of a response that ends with it,
// when the loop has taken up more of the upload but not the reset. The kernel tells an error once: to the write, so
// that a read finds an end.
func TestAResetThatAWriteFindsIsNoCleanEnd(t *testing.T) {
	r := newRig(t, streams)
	reset := make(chan struct{})
	s := newStub(t, func(q *stubRequest) bool {
		_, _ = io.ReadFull(q.in, make([]byte, 5))
		q.say("HTTP/1.1 200 OK\r\n\r\nhalf")
		<-reset
		_ = q.c.SetLinger(0)
		return false
	})
	r.workers(s.address)
	c := r.client().send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nstart")
	readHead(c.in)
	c.wantBytes("4\r\nhalf\r\n")
	before := r.hold()
	c.send("more")
	awaitDelivery(t, c.TCPConn)
	entered, leave := make(chan struct{}), make(chan struct{})
	r.proxy.loops[0].post(func(*loop) { close(entered); <-leave }) // in the turn that is to read it
	before()
	<-entered
	close(reset)
	eventually(t, "the worker is gone", func() bool { return s.gone.Load() == 1 })
	close(leave)
	if rest, err := io.ReadAll(c.in); strings.Contains(string(rest), "0\r\n") {
		t.Errorf("rest of the answer: got %q and error %v, want no end of the body", rest, err)
	}
}

package lbproxy

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"
)

// shape is a kind of request and response whose steady state must not allocate.
type shape struct {
	name            string
	adjust          func(*Options)
	request, answer string
	ends            string // how a request ends at the worker
	answers         int    // to each request that is sent
}

var (
	chunkedPost   = "POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n7\r\nchunked\r\n5\r\n END!\r\n0\r\n\r\n"
	chunkedAnswer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + strings.Repeat("5\r\nhello\r\n", 10) + "0\r\n\r\n"
)

var shapes = []shape{
	{name: "GET", request: getRequest, ends: "\r\n\r\n", answer: okResponse("hello"), answers: 1},
	{name: "POST with a body", request: post("body END!"), ends: "END!", answer: okResponse("hello"), answers: 1},
	{name: "POST with a streamed body", adjust: streams, request: post("body END!"), ends: "END!", answer: okResponse("hello"), answers: 1},
	{name: "POST with a chunked body", request: chunkedPost, ends: "END!", answer: okResponse("hello"), answers: 1},
	{name: "POST with a streamed chunked body", adjust: streams, request: chunkedPost, ends: "END!", answer: okResponse("hello"), answers: 1},
	// One that announces a body ends its connection, and the worker here allocates for a new one.
	{name: "HEAD", request: strings.Replace(getRequest, "GET", "HEAD", 1), ends: "\r\n\r\n", answer: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", answers: 1},
	{name: "304", request: getRequest, ends: "\r\n\r\n", answer: "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n", answers: 1},
	{name: "HTTP/1.0", request: "GET / HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n\r\n", ends: "\r\n\r\n", answer: okResponse("hello"), answers: 1},
	{name: "chunked answer", request: getRequest, ends: "\r\n\r\n", answer: chunkedAnswer, answers: 1},
	{name: "four requests in one run", request: strings.Repeat(getRequest, 4), ends: "\r\n\r\n", answer: okResponse("hello"), answers: 4},
}

// start makes a round of the shape: it sends a request and reads as much as its responses had when they were looked
// at.
func (s shape) start(tb testing.TB) (round func()) {
	tb.Helper()
	worker := constantWorker(tb, s.ends, s.answer)
	l := newLeanTo(tb, s.adjust, worker)
	_ = l.client.SetDeadline(time.Now().Add(time.Minute))
	size := l.measure(tb, []byte(s.request), s.answers)
	return func() {
		l.send(tb, l.client)
		if _, err := io.ReadFull(l.client, l.buffer[:size]); err != nil {
			tb.Fatal(err)
		}
	}
}

// measure sends a request and returns how many bytes come back. Later answers are as long: only their dates differ.
func (l *lean) measure(tb testing.TB, request []byte, answers int) (size int) {
	l.request = request
	for range 2 { // the first may find no worker yet
		l.send(tb, l.client)
		for size = 0; ; {
			n, err := l.client.Read(l.buffer[size:])
			if err != nil {
				tb.Fatal(err)
			}
			size += n
			if bytes.Count(l.buffer[:size], []byte("HTTP/1.1 ")) < answers {
				continue
			}
			_ = l.client.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
			n, _ = l.client.Read(l.buffer[size:])
			_ = l.client.SetReadDeadline(time.Now().Add(time.Minute))
			if size += n; n == 0 {
				break
			}
		}
	}
	return size
}

// constantWorker answers whatever ends so by the same bytes.
func constantWorker(tb testing.TB, ends, answer string) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { l.Close() })
	end, reply := []byte(ends), []byte(answer)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go answerAll(c, end, reply)
		}
	}()
	return l.Addr().String()
}

func answerAll(c net.Conn, end, reply []byte) {
	defer c.Close()
	b := make([]byte, 4096)
	for at := 0; ; {
		n, err := c.Read(b[at:])
		if err != nil {
			return
		}
		if at += n; bytes.HasSuffix(b[:at], end) {
			at = 0
			_, _ = c.Write(reply)
		}
	}
}

func TestNoShapeOfRequestAllocates(t *testing.T) {
	const few = 150 // the test's own worker accepts a new connection after every 1000 requests (usesMax), at some ten allocations
	for _, s := range shapes {
		t.Run(s.name, func(t *testing.T) { wantFewAllocations(t, 2000, few, s.start(t)) })
	}
}

// BenchmarkShapes has the time of the client and the worker in it.
func BenchmarkShapes(b *testing.B) {
	for _, s := range shapes {
		b.Run(s.name, func(b *testing.B) {
			round := s.start(b)
			b.ReportAllocs()
			for b.Loop() {
				round()
			}
		})
	}
}

// BenchmarkEventLatency is how long one byte of a stream takes from the worker's write to the client's read: the
// median, which has to stay below 5 ms, and is the machine's wake-ups rather than the front door.
func BenchmarkEventLatency(b *testing.B) {
	next, written := make(chan struct{}), make(chan time.Time, 1)
	worker := script(b, func(c *net.TCPConn, r *bufio.Reader) {
		readHead(r)
		_, _ = io.WriteString(c, "HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
		for range next {
			written <- time.Now()
			_, _ = c.Write([]byte{'x'})
		}
	})
	l := newLeanTo(b, nil, worker)
	defer close(next)
	_ = l.client.SetDeadline(time.Now().Add(time.Minute))
	if _, err := io.WriteString(l.client, "GET / HTTP/1.0\r\n\r\n"); err != nil {
		b.Fatal(err)
	}
	for at := 0; !bytes.HasSuffix(l.buffer[:at], headEnd); {
		n, err := l.client.Read(l.buffer[at:])
		if err != nil {
			b.Fatal(err)
		}
		at += n
	}
	var delays []time.Duration
	for b.Loop() {
		next <- struct{}{}
		if _, err := l.client.Read(l.buffer[:1]); err != nil {
			b.Fatal(err)
		}
		delays = append(delays, time.Since(<-written))
	}
	slices.Sort(delays)
	b.ReportMetric(float64(delays[len(delays)/2].Nanoseconds()), "p50-ns")
	b.ReportMetric(float64(delays[len(delays)*99/100].Nanoseconds()), "p99-ns")
}

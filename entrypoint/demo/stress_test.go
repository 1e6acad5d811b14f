package demo_test

import (
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestManyClientsAtOnceAreAllAnswered(t *testing.T) {
	const clients, each = 20, 25
	w := start(t)
	transport := &http.Transport{MaxIdleConnsPerHost: clients}
	defer transport.CloseIdleConnections()
	client := http.Client{Transport: transport, Timeout: patience}
	var group sync.WaitGroup
	for range clients {
		group.Go(func() {
			for range each {
				response, err := client.Post("http://"+w.address+"/", "text/plain", strings.NewReader("body"))
				if err != nil {
					t.Errorf("got %v, want an answer", err)
					return
				}
				_, _ = io.Copy(io.Discard, response.Body)
				response.Body.Close()
			}
		})
	}
	group.Wait()
	if _, got := w.get(t, "/json", nil); !strings.Contains(got, `"requests":501`) {
		t.Errorf("got %s, want it to count 501 requests", got)
	}
}

func TestRefusalsNameTheirReason(t *testing.T) {
	long := strings.Repeat("a", 40<<10)
	cases := []struct{ name, raw, want string }{
		{"a bad request", "GET / HTTP/1.1\r\n\r\n", "400 Bad Request"},
		{"a method", "CONNECT a:1 HTTP/1.1\r\n\r\n", "405 Method Not Allowed"},
		{"a long target", "GET /" + long, "414 URI Too Long"},
		{"an expectation", "GET / HTTP/1.1\r\nHost: a\r\nExpect: b\r\n\r\n", "417 Expectation Failed"},
		{"a large head", "GET / HTTP/1.1\r\nX: " + long, "431 Request Header Fields Too Large"},
		{"a transfer coding", "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", "501 Not Implemented"},
		{"a version", "GET / HTTP/2.0\r\n\r\n", "505 HTTP Version Not Supported"},
	}
	w := start(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			conn := w.dial(t)
			_, _ = io.WriteString(conn, c.raw)
			got := make([]byte, len("HTTP/1.1 ")+len(c.want))
			if _, err := io.ReadFull(conn, got); err != nil || string(got) != "HTTP/1.1 "+c.want {
				t.Errorf("got %q, %v; want %q", got, err, c.want)
			}
		})
	}
}

// A refused upload is read away for a while, or its bytes would turn the close into a reset that eats the answer.
func TestRefusalReachesClientThatStillSends(t *testing.T) {
	got := start(t).talk(t, "POST / HTTP/1.1\r\nContent-Length: 50000\r\n\r\n"+strings.Repeat("b", 50_000))
	if !strings.HasPrefix(got, "HTTP/1.1 400 ") || !strings.HasSuffix(got, "missing Host\n") {
		t.Errorf("got %q, want 400 for the missing Host", got)
	}
}

func TestClientThatLeavesIsLetGo(t *testing.T) {
	for _, raw := range []string{
		"",
		"GET / HTT",
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf",
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nha",
		"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n",
	} {
		w := start(t)
		conn := w.dial(t)
		_, _ = io.WriteString(conn, raw)
		conn.Close()
		w.stop()
		w.end(t) // would not come if the session waited on
	}
}

func TestRequestSentJustBeforeTheStopIsAnswered(t *testing.T) {
	w := start(t)
	conn := w.dial(t)
	_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	w.stop() // whether the worker has accepted the connection by now or not
	got, err := io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(got), "HTTP/1.1 200 ") {
		t.Errorf("got %q, %v; want 200", got, err)
	}
	w.end(t)
}

func TestStopDoesNotWaitForHalfARequest(t *testing.T) {
	w := start(t)
	conn := w.dial(t)
	_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a\r\n")
	w.stop()
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	if _, err := conn.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %v, want the end of the connection", err)
	}
	w.end(t)
}

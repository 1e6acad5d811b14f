package lbproxy

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
)

func TestAnswerPassesThrough(t *testing.T) {
	r := newRig(t, nil)
	r.workers(handler(t, func(w http.ResponseWriter, q *http.Request) {
		w.Header().Set("Server", "worker/1")
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprintf(w, "%s %s", q.Method, q.RequestURI)
	}))
	resp, err := http.Get(r.url("/a/b?c=d"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	if got, want := string(body), "GET /a/b?c=d"; got != want {
		t.Errorf("body: got %q, want %q", got, want)
	}
	if resp.StatusCode != http.StatusTeapot {
		t.Errorf("status: got %d, want 418", resp.StatusCode)
	}
	if got := resp.Header.Get("Server"); got != "worker/1" {
		t.Errorf("Server: got %q, want it passed through", got)
	}
}

// TestBodiesOfEverySizeAndFraming sends bodies up and down in both framings and compares digests.
func TestBodiesOfEverySizeAndFraming(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Loops = 2; o.Services[0].ClientMaxBodySize = 0 })
	r.workers(handler(t, echo), handler(t, echo))
	for _, size := range []int{0, 1, 1000, 4095, 64 << 10, 64<<10 + 1, 300_000, 5 << 20} {
		for _, upChunked := range []bool{false, true} {
			for _, downChunked := range []bool{false, true} {
				name := fmt.Sprintf("%d bytes, chunked up %v, chunked down %v", size, upChunked, downChunked)
				t.Run(name, func(t *testing.T) { r.checkEcho(t, size, upChunked, downChunked) })
			}
		}
	}
}

// echo answers with the request's body, with a length or, when asked to, in chunks.
func echo(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if q.Header.Get("X-Chunked") == "" {
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		_, _ = w.Write(body)
		return
	}
	flush := w.(http.Flusher)
	flush.Flush()
	for len(body) > 0 {
		n := min(len(body), 1+rand.IntN(100_000))
		_, _ = w.Write(body[:n])
		flush.Flush()
		body = body[n:]
	}
}

func (r *rig) checkEcho(t *testing.T, size int, upChunked, downChunked bool) {
	t.Helper()
	body := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{}).Read(body)
	var reader io.Reader = bytes.NewReader(body)
	if upChunked {
		reader = struct{ io.Reader }{reader}
	}
	q, err := http.NewRequest("POST", r.url("/"), reader)
	if err != nil {
		t.Fatal(err)
	}
	if downChunked {
		q.Header.Set("X-Chunked", "1")
	}
	resp, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != 200 || sha256.Sum256(got) != sha256.Sum256(body) {
		t.Errorf("echo: got status %d and %d bytes, want 200 and the %d bytes sent", resp.StatusCode, len(got), size)
	}
}

func TestManyClientsAtOnce(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Loops = 2 })
	r.workers(handler(t, echo), handler(t, echo), handler(t, echo))
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			for j := range 20 {
				body := strings.Repeat(fmt.Sprintf("%d-%d ", i, j), 1+rand.IntN(3000))
				resp, err := http.Post(r.url("/"), "text/plain", strings.NewReader(body))
				if err != nil {
					t.Error(err)
					return
				}
				got, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				if err != nil || string(got) != body {
					t.Errorf("echo: got %d bytes and error %v, want %d bytes", len(got), err, len(body))
				}
			}
		})
	}
	wg.Wait()
}

// TestByteByByte sends a request and gets a response in pieces of one byte.
func TestByteByByte(t *testing.T) {
	r := newRig(t, nil)
	r.workers(script(t, func(c *net.TCPConn, in *bufio.Reader) {
		readHead(in)
		body := make([]byte, 5)
		_, _ = io.ReadFull(in, body)
		for _, b := range []byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n" + string(body) + "\r\n0\r\n\r\n") {
			_, _ = c.Write([]byte{b})
		}
	}))
	c := r.dial()
	for _, b := range []byte("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n") {
		if _, err := c.Write([]byte{b}); err != nil {
			t.Fatal(err)
		}
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(resp.Body)
	if err != nil || string(got) != "abcde" {
		t.Errorf("body: got %q and %v, want abcde", got, err)
	}
}

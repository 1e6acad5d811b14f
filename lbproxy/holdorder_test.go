package lbproxy

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// TestAnEarlyRefusalOfAHeldPutOnAKeptConnection: it is no word that was not asked for.
func TestAnEarlyRefusalOfAHeldPutOnAKeptConnection(t *testing.T) {
	r := newRig(t, nil)
	s := newStub(t, func(q *stubRequest) bool {
		if q.path() == "/" {
			return q.ok("ok")
		}
		q.say("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
		_, _ = q.copyBody(io.Discard)
		return false
	})
	r.workers(s.address)
	r.client().do(getRequest).want(t, 200, "ok")
	body := pattern(8_000_000)
	a := r.client().do(fmt.Sprintf("PUT /x HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body))
	a.want(t, 401, "")
	wantCount(t, "requests", s.requests.Load(), 2)
	r.client().do(getRequest).want(t, 200, "ok")
	r.onLoop(func(l *loop) {
		if l.services[0].table.At(0).Chatty.Load() {
			t.Error("the worker is taken for one that speaks unasked")
		}
	})
}

// TestHeldResponsesStayInOrder has the parts of a response go through memory, a file and what is behind it, as it comes.
func TestHeldResponsesStayInOrder(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 7))
		path := ""
		if rng.IntN(2) == 0 {
			path = t.TempDir()
		}
		r := newRig(t, func(o *Options) {
			o.ClientBodyTempPath = path
			o.ProxyMaxTempFileSize = []int64{100_000, 300_000, 600_000, 1 << 30}[rng.IntN(4)]
			o.TempSize = []int64{200_000, 600_000, 1 << 30}[rng.IntN(3)]
			o.Loops = 1
		})
		size := 1_000_000 + rng.IntN(6_000_000)
		body := pattern(size)
		chunked := rng.IntN(2) == 0
		var mu sync.Mutex
		r.workers(newStub(t, func(q *stubRequest) bool {
			mu.Lock()
			defer mu.Unlock()
			if chunked {
				q.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
			} else {
				q.say("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", size)
			}
			for at := 0; at < size; {
				n := min(1+rng.IntN([]int{100, 5000, 400_000}[rng.IntN(3)]), size-at)
				piece := body[at : at+n]
				if chunked {
					piece = fmt.Sprintf("%x\r\n%s\r\n", n, piece)
				}
				if _, err := io.WriteString(q.c, piece); err != nil {
					return false
				}
				at += n
			}
			if chunked {
				q.say("0\r\n\r\n")
			}
			return true
		}).address)
		c := r.client()
		_ = c.SetReadBuffer(128 << 10)
		c.send(getRequest)
		resp, err := http.ReadResponse(c.in, nil)
		if err != nil {
			t.Fatal(err)
		}
		crng := rand.New(rand.NewPCG(seed, 9))
		var got strings.Builder
		for {
			b := make([]byte, 1+crng.IntN(300_000))
			n, err := io.ReadFull(resp.Body, b)
			got.Write(b[:n])
			if err != nil {
				break
			}
			if crng.IntN(5) == 0 { // the front door has turns
				r.onLoop(func(*loop) {})
			}
		}
		if got.String() != body {
			t.Errorf("seed %d: got %d bytes, want %d, or they differ", seed, got.Len(), size)
		}
		r.wantNothingHeld()
	}
}

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// conduct is how a worker treats its connections. None says `Connection: close`.
type conduct string

const (
	keeps     conduct = "keeps"   // as it should
	onReceipt conduct = "receipt" // ends a connection when its second request is there, which it does not execute
	atOnce    conduct = "once"    // ends it right behind the answer
	soon      conduct = "soon"    // ends it up to 2 ms after the answer, by chance
	second    conduct = "second"  // ends it behind the second answer
)

// conducts are those that cost POSTs, and one that does not.
func conducts() []conduct { return []conduct{onReceipt, soon, atOnce, second, keeps} }

// String says what the worker does, for the page.
func (c conduct) String() string {
	return map[conduct]string{
		keeps:     "keeps connections",
		onReceipt: "ends a connection when the next request is there",
		atOnce:    "ends it right behind the answer",
		soon:      "ends it 0 to 2 ms after the answer",
		second:    "ends it behind the second answer",
	}[c]
}

// site is a worker: it knows which requests it has executed.
type site struct {
	how   conduct
	mu    sync.Mutex // guards times
	times map[string]int
}

// serve answers requests until ctx ends.
func serve(ctx context.Context, how conduct, port int) error {
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return fmt.Errorf("open worker: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = listener.Close() })
	defer stop()
	s := &site{how: how, times: map[string]int{}}
	for {
		c, err := listener.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("accept: %w", err)
		}
		go s.connection(c)
	}
}

func (s *site) connection(c net.Conn) {
	defer c.Close()
	in := bufio.NewReader(c)
	for nth := 1; ; nth++ {
		request, err := http.ReadRequest(in)
		if err != nil || s.how == onReceipt && nth > 1 {
			return
		}
		if _, err := io.Copy(io.Discard, request.Body); err != nil {
			return
		}
		if _, err := io.WriteString(c, s.answer(request)); err != nil || s.how == atOnce || s.how == second && nth == 2 {
			return
		}
		if s.how == soon {
			_ = c.SetReadDeadline(time.Now().Add(rand.N(2 * time.Millisecond)))
		}
	}
}

// bodyBytes is how long a GET's answer is, and how long a HEAD's says that it would be.
const bodyBytes = 1024

// answer executes a request. POSTs are counted by their id; the path /twice tells how many were executed more than
// once.
func (s *site) answer(r *http.Request) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	body := strings.Repeat("x", bodyBytes)
	switch {
	case r.URL.Path == "/twice":
		twice := 0
		for _, n := range s.times {
			twice += min(n-1, 1)
		}
		body = strconv.Itoa(twice)
	case r.Method == http.MethodPost:
		s.times[r.Header.Get("X-Id")]++
	}
	head := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", len(body))
	if r.Method == http.MethodHead {
		return head
	}
	return head + body
}

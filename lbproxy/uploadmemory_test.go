package lbproxy

import (
	"io"
	"strings"
	"testing"
	"time"
)

// TestUploadsThatBeginWithTheirHeadsStayWithinTheBudget has as many clients as a container of 32 MB takes, which all send the head of an
// upload first and a part of its body later, to a worker that takes its time.
func TestUploadsThatBeginWithTheirHeadsStayWithinTheBudget(t *testing.T) {
	const memory, clients = 32 << 20, 1000
	const budget = memory / bufferShare
	r := newRig(t, func(o *Options) { o.MemoryMax = memory })
	s := newStub(t, func(q *stubRequest) bool {
		n, err := q.copyBody(io.Discard)
		return err == nil && n > 0 && q.ok("ok")
	})
	r.workers(s.address)
	var all []*client
	for range clients {
		all = append(all, r.client().send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"))
	}
	eventually(t, "every head is read", func() bool { return r.exchangesOrNone() })
	for round := range 3 {
		for _, c := range all {
			_ = c.SetWriteDeadline(time.Now().Add(time.Millisecond))
			_, _ = io.WriteString(c.TCPConn, strings.Repeat("x", 5000)) // the front door may not take it all
		}
		r.fewTurns()
		if bytes := r.usage(); bytes > 3*budget {
			t.Fatalf("buffers in round %d: got %d bytes, want 3 times the budget of %d at most", round, bytes, budget)
		}
	}
}

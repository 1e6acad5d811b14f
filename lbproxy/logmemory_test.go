package lbproxy

import (
	"strings"
	"testing"
)

// TestWhatTheAccessLogKeepsOfRequestsIsWithinTheBudget has many requests at once, of which the log has to remember much until
// they are answered. What it copies counts as buffers do, and when they have ended no more is kept than of those.
func TestWhatTheAccessLogKeepsOfRequestsIsWithinTheBudget(t *testing.T) {
	r := newRig(t, func(o *Options) { cramped(o); o.AccessLog = AccessLogJSON; o.QueueSize = 4096 })
	kept := func() (bytes int64) {
		r.onLoop(func(l *loop) {
			for _, x := range l.exchanges {
				bytes += int64(cap(x.line.b))
			}
		})
		return bytes
	}
	request := "GET /" + strings.Repeat("t", 2048) + " HTTP/1.1\r\nHost: x\r\nReferer: " + strings.Repeat("r", 1024) +
		"\r\nUser-Agent: " + strings.Repeat("u", 1024) + "\r\nConnection: close\r\n\r\n"
	const clients = 1000 // half of what a container of 64 MB takes
	var all []*client
	for range clients {
		all = append(all, r.client().send(request))
	}
	eventually(t, "all of them wait, or were refused", func() bool { return r.exchangesOrNone() })
	if bytes := r.usage(); bytes > 9<<20 || bytes < kept() {
		t.Errorf("buffers with the %d bytes that the log remembers: got %d, want the budget of 8 MB at most", kept(), bytes)
	}
	r.workers(newStub(t, constant("ok")).address)
	for _, c := range all {
		if a := c.read("GET"); a.StatusCode != 200 && a.StatusCode != 503 {
			t.Fatalf("status: got %d, want 200 or 503", a.StatusCode)
		}
	}
	if bytes := kept(); bytes != 0 {
		t.Errorf("kept with exchanges that have ended: got %d bytes, want none", bytes)
	}
}

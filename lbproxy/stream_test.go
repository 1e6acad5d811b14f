package lbproxy

import (
	"fmt"
	"strings"
	"testing"
)

// TestAStreamIsPassedOnAtOnce has the worker write an event only when the client has seen the one before.
func TestAStreamIsPassedOnAtOnce(t *testing.T) {
	const first, event = "data: 0\n\n", "data: %d\n\n"
	tests := []struct {
		name, head string
		chunks     bool
	}{
		{"server-sent events in chunks", "Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n", true},
		{"server-sent events until the connection ends", "Content-Type: text/event-stream\r\n\r\n", false},
		{"X-Accel-Buffering, which is for a proxy in front of us, too", "X-Accel-Buffering: no\r\nTransfer-Encoding: chunked\r\n\r\n", true},
		{"an answer of any kind and unknown length", "Content-Type: text/html\r\n\r\n", false},
		{"even one with a length", fmt.Sprintf("Content-Length: %d\r\n\r\n", 6*len(first)), false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, nil)
			seen := make(chan struct{})
			r.workers(newStub(t, func(q *stubRequest) bool {
				q.say("HTTP/1.1 200 OK\r\n%s", test.head)
				for i := range 6 {
					if part := fmt.Sprintf(event, i); test.chunks {
						q.say("%x\r\n%s\r\n", len(part), part)
					} else {
						q.say("%s", part)
					}
					<-seen
				}
				return false
			}).address)
			c := r.client().send(getRequest)
			head := readHead(c.in)
			if strings.Contains(test.head, "X-Accel") && !strings.Contains(head, "X-Accel-Buffering: no\r\n") {
				t.Errorf("head: got %q, want X-Accel-Buffering passed on", head)
			}
			for i := range 6 {
				part := fmt.Sprintf(event, i)
				if !strings.Contains(head, "Content-Length") {
					part = fmt.Sprintf("%x\r\n%s\r\n", len(part), part)
				}
				c.wantBytes(part) // the worker sends no other until it is seen
				seen <- struct{}{}
			}
		})
	}
}

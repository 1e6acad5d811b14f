package lbproxy

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

// TestABodyThatCannotBeRepeatedTravelsOnNoOldConnection: a request whose body is streamed cannot be repeated, whatever its method, so
// it must not be given to a kept connection that its worker may be closing just now, no more than a POST.
func TestABodyThatCannotBeRepeatedTravelsOnNoOldConnection(t *testing.T) {
	for _, method := range []string{"POST", "PUT", "DELETE"} {
		t.Run(method, func(t *testing.T) {
			s := newStub(t, func(q *stubRequest) bool {
				if q.nth > 1 { // closed on receipt
					return false
				}
				_, _ = q.copyBody(io.Discard)
				return q.ok("ok")
			})
			r := newRig(t, nil)
			r.workers(s.address)
			c := r.client()
			c.do(getRequest).want(t, 200, "ok")
			time.Sleep(2 * freshMillis * time.Millisecond)
			size := 2 * DefaultOptions().ClientBodyBufferSize
			c.do(fmt.Sprintf("%s / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", method, size, strings.Repeat("x", size))).want(t, 200, "ok")
		})
	}
}

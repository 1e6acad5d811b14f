package lbproxy

import (
	"fmt"
	"strings"
	"testing"
)

// TestABodyThatItsWorkerHasIsNotHeldAnyLonger: these requests must not be repeated, so that a worker that takes its
// time with them costs no more than their heads.
func TestABodyThatItsWorkerHasIsNotHeldAnyLonger(t *testing.T) {
	for _, test := range []struct {
		name, head, body string
		most             int64 // bytes that each may hold
	}{
		{"a POST", "POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n", strings.Repeat("x", 60_000), 4 << 10},
		{
			"a PATCH in chunks", "PATCH /slow HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
			"ea60\r\n" + strings.Repeat("x", 60_000) + "\r\n0\r\n\r\n", 4 << 10,
		},
		{"a POST in a file", "POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n", strings.Repeat("x", 100_000), 4 << 10},
		{"a PUT in a file", "PUT /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n", strings.Repeat("x", 100_000), 4 << 10},
		{"a PUT, which may be repeated", "PUT /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n", strings.Repeat("x", 60_000), 96 << 10},
		{
			"a POST with a large head",
			"POST /slow HTTP/1.1\r\nHost: x\r\nA: " + strings.Repeat("x", 15_000) + "\r\nContent-Length: 60000\r\n\r\n",
			strings.Repeat("x", 60_000), 20 << 10,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			const clients = 40
			r := newRig(t, cramped)
			gate := make(chan struct{})
			s := newStub(t, func(q *stubRequest) bool {
				b, err := q.body()
				if err != nil {
					return false
				}
				if q.path() == "/slow" {
					<-gate
				}
				return q.ok(fmt.Sprint(len(b)))
			})
			r.workers(s.address)
			var all []*caller
			for i := range clients {
				all = append(all, r.client().send(test.head+test.body))
				eventually(t, "the worker has it", func() bool { return s.requests.Load() == int64(i+1) })
			}
			eventually(t, "the heads alone are held", func() bool { return r.usage() <= clients*test.most })
			r.client().do(post("hello")).want(t, 200, "5")
			close(gate)
			for _, c := range all {
				a := c.read("POST")
				if a.StatusCode != 200 || a.body != "60000" && a.body != "100000" {
					t.Errorf("answer: got %d %q, want 200 and the length of the body", a.StatusCode, a.body)
				}
			}
			eventually(t, "every buffer is back", func() bool { return r.usage() == 0 })
		})
	}
}

package lbproxy

import (
	"bufio"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestPipelinedRequestsThatNeedNoWorkerAreReadNoFasterThanAnswered floods a front door whose queue takes nobody, so that
// every request is answered at once by itself.
func TestPipelinedRequestsThatNeedNoWorkerAreReadNoFasterThanAnswered(t *testing.T) {
	r := newRig(t, func(o *Options) { o.QueueSize = 0 })
	r.apply(false)
	c := r.dial()
	if err := c.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	const requests = 100_000 // 3.5 MB
	batch := strings.Repeat("GET /0123456789 HTTP/1.1\r\nHost: x\r\n\r\n", 1000)
	go func() {
		for range requests / 1000 {
			if _, err := c.Write([]byte(batch)); err != nil {
				return // the reader says why
			}
		}
	}()
	in := bufio.NewReaderSize(c, 1<<16)
	most := 0
	for i := range requests {
		resp, err := http.ReadResponse(in, nil)
		if err != nil || resp.StatusCode != http.StatusServiceUnavailable {
			t.Fatalf("answer %d: got %v and %v, want a 503", i, resp, err)
		}
		if _, err := in.Discard(int(resp.ContentLength)); err != nil {
			t.Fatal(err)
		}
		if i%100 == 0 {
			r.onLoop(func(l *loop) {
				for _, x := range l.exchanges {
					most = max(most, x.in.pending())
				}
			})
		}
	}
	if most > 2*headReadBytes {
		t.Errorf("bytes read ahead: got up to %d, want at most what two reads bring, %d", most, 2*headReadBytes)
	}
}

// TestAPartOfAHeadDoesNotHoldUpTheStop: a client that began a request and never ends it gets a second.
func TestAPartOfAHeadDoesNotHoldUpTheStop(t *testing.T) {
	r := newRig(t, nil)
	s := newStub(t, constant("ok"))
	r.workers(s.address)
	r.client().wantOpen("ok")
	c := r.dial()
	if _, err := c.Write([]byte("GET / HT")); err != nil {
		t.Fatal(err)
	}
	for heads := 0; heads == 0; {
		r.onLoop(func(l *loop) {
			for slot := range int32(l.conns.size()) {
				if l.conns.at(slot).state == stateHead {
					heads++
				}
			}
		})
	}
	started := time.Now()
	r.apply(true, up(s.address)...)
	for len((<-r.reports).Drained) == 0 {
	}
	if took := time.Since(started); took > 5*time.Second {
		t.Errorf("worker free after %v, want about a second", took)
	}
}

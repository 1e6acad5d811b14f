package lbproxy

import (
	"strings"
	"testing"
	"time"
)

// A client that asks often enough while there is no room writes the log full otherwise.
func TestRefusedRequestsDoNotFloodTheLog(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Services[0].QueueTimeout = time.Millisecond })
	for range 20 {
		r.client().do(getRequest).want(t, 503, "~no worker was ready in time")
	}
	r.proxy.Close()
	if err := <-r.finished; err != nil { // and so have all lines been written
		t.Error(err)
	}
	r.finished <- nil // for the rig
	if got := strings.Count(r.log.String(), `level=WARN msg="request failed"`); got != 1 {
		t.Errorf("got %d lines, want 1\n%s", got, r.log)
	}
}

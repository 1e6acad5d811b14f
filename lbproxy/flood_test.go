package lbproxy

import (
	"strings"
	"testing"
	"time"
)

func TestAFloodLeavesALineAMinute(t *testing.T) {
	var f flood
	for _, step := range []struct {
		now    int64
		others int
		line   bool
	}{{5, 0, true}, {5, 0, false}, {60_004, 0, false}, {60_005, 2, true}, {60_006, 0, false}, {200_000, 1, true}, {300_000, 0, true}} {
		if others, line := f.admit(step.now); others != step.others || line != step.line {
			t.Errorf("at %d ms: got %d others and line %v, want %d and %v", step.now, others, line, step.others, step.line)
		}
	}
}

// Whoever asks often enough while there is no room writes the log full otherwise.
func TestRefusedRequestsDoNotFloodTheLog(t *testing.T) {
	r := newRig(t, func(o *Options) { o.QueueTimeout = time.Millisecond })
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

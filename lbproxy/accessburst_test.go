package lbproxy

import (
	"strings"
	"testing"
)

// TestAPauseOfTheLogsReaderCostsNoLines has one request after the other, so that each line is the only one of its turn, while
// the log's reader pauses: the lines are far fewer than the 2 MB that docs/limits.md says may be on their way out.
func TestAPauseOfTheLogsReaderCostsNoLines(t *testing.T) {
	const requests = 500
	r := newRig(t, func(o *Options) { o.AccessLog = AccessLogJSON })
	r.workers(newStub(t, constant("ok")).address)
	c := r.client()
	r.access.mu.Lock()
	for range requests {
		c.do(getRequest)
	}
	r.access.mu.Unlock()
	lines := func() int { return strings.Count(r.access.String(), "\n") }
	eventually(t, "the reader has caught up", func() bool {
		return lines() == requests || strings.Contains(r.log.String(), "access log lines dropped")
	})
	if n := lines(); n != requests {
		t.Errorf("lines: got %d, want all %d", n, requests)
	}
}

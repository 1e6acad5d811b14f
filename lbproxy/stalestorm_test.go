package lbproxy

import (
	"sync"
	"testing"
	"time"
)

// TestManyStaleConnectionsAtOnceNeedNoQueue has a worker that closes many kept connections on receipt at once, and no room to
// wait. A repeat on a fresh connection to the same worker is no load for another one and keeps its place, so each client is served.
func TestManyStaleConnectionsAtOnceNeedNoQueue(t *testing.T) {
	const clients = 40
	r := newRig(t, func(o *Options) { o.Keepalive, o.QueueSize = clients, 0 })
	s := newStub(t, func(q *stubRequest) bool {
		if q.nth > 1 {
			return false
		}
		time.Sleep(20 * time.Millisecond)
		return q.ok("ok")
	})
	r.workers(s.address)
	var all []*client
	for range clients {
		all = append(all, r.client())
	}
	everybody := func() {
		var asking sync.WaitGroup
		for _, c := range all {
			asking.Go(func() {
				if a := c.do(getRequest); a.StatusCode != 200 {
					t.Errorf("status: got %d, want 200", a.StatusCode)
				}
			})
		}
		asking.Wait()
	}
	everybody()
	eventually(t, "the connections are kept", func() bool { return r.kept() == clients })
	everybody()
}

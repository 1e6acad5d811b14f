package lbproxy

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"percore/lbproxy/balance"
)

// ledger counts how often each request was executed by a worker.
type ledger struct {
	mu    sync.Mutex // guards times
	times map[string]int
}

func (g *ledger) execute(id string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.times == nil {
		g.times = map[string]int{}
	}
	g.times[id]++
}

func (g *ledger) counts() map[string]int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return maps.Clone(g.times)
}

// idleFor is a worker that closes a connection which was idle for that long, more or less a tenth.
func idleFor(d time.Duration, g *ledger) func(*stubRequest) bool {
	return func(q *stubRequest) bool {
		_ = q.c.SetReadDeadline(time.Time{})
		if _, err := q.body(); err != nil {
			return false
		}
		g.execute(q.path())
		jittered := d - d/10 + rand.N(d/5)
		ok := q.ok("ok")
		_ = q.c.SetReadDeadline(time.Now().Add(jittered))
		return ok
	}
}

// traffic is what clients that think for a while between two requests saw.
type traffic struct {
	sent, gets, posts   atomic.Int64 // all, and answered with 200
	getErrors, postFail atomic.Int64
}

// run lets clients send GETs and POSTs in turns by chance, each with a number of its own.
func (tr *traffic) run(r *rig, clients int, length time.Duration, think func() time.Duration) {
	var all sync.WaitGroup
	end := time.Now().Add(length)
	for range clients {
		c := r.client()
		_ = c.SetDeadline(end.Add(30 * time.Second))
		all.Go(func() {
			for time.Now().Before(end) {
				tr.request(c)
				time.Sleep(think())
			}
		})
	}
	all.Wait()
}

func (tr *traffic) request(c *caller) {
	id := tr.sent.Add(1)
	if rand.IntN(2) == 0 {
		c.send(fmt.Sprintf("GET /get-%d HTTP/1.1\r\nHost: x\r\n\r\n", id))
		tr.count(c.read("GET"), &tr.gets, &tr.getErrors)
		return
	}
	c.send(fmt.Sprintf("POST /post-%d HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi", id))
	tr.count(c.read("POST"), &tr.posts, &tr.postFail)
}

func (tr *traffic) count(a answer, good, bad *atomic.Int64) {
	if a.StatusCode == http.StatusOK && a.err == nil && a.body == "ok" {
		good.Add(1)
	} else {
		bad.Add(1)
	}
}

// wantNoGETLost checks what holds whatever the workers do.
func (tr *traffic) wantNoGETLost(t *testing.T, g *ledger) {
	t.Helper()
	wantCount(t, "failed GETs", tr.getErrors.Load(), 0)
	executed := int64(0)
	for id, times := range g.counts() {
		if !strings.HasPrefix(id, "/post-") {
			continue
		}
		executed++
		if times != 1 {
			t.Errorf("%s was executed %d times, want once", id, times)
		}
	}
	if executed < tr.posts.Load() {
		t.Errorf("executed POSTs: got %d, want at least the %d that were answered", executed, tr.posts.Load())
	}
	t.Logf("%d GETs and %d POSTs answered, %d POSTs failed", tr.gets.Load(), tr.posts.Load(), tr.postFail.Load())
}

// around thinks for about d, so that many requests meet the moment in which the worker closes.
func around(d time.Duration) func() time.Duration {
	return func() time.Duration {
		if rand.IntN(4) == 0 {
			return rand.N(d / 10)
		}
		return d - d/6 + rand.N(d/3)
	}
}

// TestIdleTimersOfWorkersCostNoRequest has the front door keep connections for longer than the workers do, so that
// every connection is closed by its worker, and the clients aim at that moment.
func TestIdleTimersOfWorkersCostNoRequest(t *testing.T) {
	const timer = 300 * time.Millisecond // three times what a kept connection may rest before it carries a POST
	var g ledger
	r := newRig(t, func(o *Options) { o.Services[0].ProxyKeepaliveTimeout = time.Minute })
	r.workers(newStub(t, idleFor(timer, &g)).address, newStub(t, idleFor(timer, &g)).address)
	var tr traffic
	tr.run(r, 40, 3*time.Second, around(timer))
	tr.wantNoGETLost(t, &g)
	wantCount(t, "failed POSTs", tr.postFail.Load(), 0)
}

// TestRealIdleTimersCostNoRequest is the same true to life: the default of the front door, which keeps connections for
// one second, and workers that keep them for 1, 2 (gunicorn) and 5 seconds (uvicorn, Node).
func TestRealIdleTimersCostNoRequest(t *testing.T) {
	if testing.Short() {
		t.Skip("takes as long as real timers do")
	}
	var g ledger
	r := newRig(t, func(o *Options) { o.Services[0].Balance = balance.RoundRobin })
	var addresses []string
	for _, timer := range []time.Duration{time.Second, 2 * time.Second, 5 * time.Second} {
		addresses = append(addresses, newStub(t, idleFor(timer, &g)).address)
	}
	r.workers(addresses...)
	var tr traffic
	tr.run(r, 60, 6*time.Second, around(time.Second))
	tr.wantNoGETLost(t, &g)
	wantCount(t, "failed POSTs", tr.postFail.Load(), 0)
}

// TestWorkersThatCloseOnReceipt close kept connections at the worst moment: when the next request is there. A GET is
// repeated; a POST may fail, as the worker alone knows whether it was executed, but it never runs twice.
func TestWorkersThatCloseOnReceipt(t *testing.T) {
	tests := []struct {
		name     string
		executes bool // before it closes
	}{
		{"and do nothing", false},
		{"and have done the work", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var g ledger
			r := newRig(t, nil)
			r.workers(newStub(t, func(q *stubRequest) bool {
				if _, err := q.body(); err != nil {
					return false
				}
				if q.nth == 1 || test.executes {
					g.execute(q.path())
				}
				return q.nth == 1 && q.ok("ok")
			}).address)
			var tr traffic
			tr.run(r, 20, time.Second, func() time.Duration { return rand.N(30 * time.Millisecond) })
			tr.wantNoGETLost(t, &g)
			if tr.posts.Load() == 0 {
				t.Error("no POST was answered, want those on fresh connections to be")
			}
		})
	}
}

package lbproxy

import (
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"
)

// TestAWorkerThatEndsKeptConnectionsWithoutSayingSoCostsOnePOST has every client ask by POST alone, one after the
// other, so that each request could have the connection of the one before.
func TestAWorkerThatEndsKeptConnectionsWithoutSayingSoCostsOnePOST(t *testing.T) {
	const requests = 40
	tests := []struct {
		name   string
		answer func(q *stubRequest) bool
	}{
		{"when the next request is there", func(q *stubRequest) bool {
			if _, err := q.body(); err != nil || q.nth > 1 {
				return false
			}
			return q.ok("ok")
		}},
		{"some time after the answer, by chance", func(q *stubRequest) bool {
			if _, err := q.body(); err != nil {
				return false
			}
			_ = q.c.SetReadDeadline(time.Now().Add(rand.N(2 * time.Millisecond)))
			return q.ok("ok")
		}},
		{"right behind the answer", func(q *stubRequest) bool {
			_, err := q.body()
			return err == nil && q.ok("ok") && false
		}},
		{"after the second answer", func(q *stubRequest) bool {
			_, err := q.body()
			return err == nil && q.ok("ok") && q.nth < 2
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, nil)
			r.workers(newStub(t, test.answer).address)
			c := r.client()
			lost := 0
			for range requests {
				if c.do(post("abc")).StatusCode != 200 {
					lost++
				}
				time.Sleep(rand.N(2 * time.Millisecond))
			}
			if lost > 1 {
				t.Errorf("POSTs that were lost: got %d of %d, want the first at most", lost, requests)
			}
		})
	}
}

// TestWhichWorkersAreHasty says by what a worker is taken for one that ends kept connections, and for how long.
func TestWhichWorkersAreHasty(t *testing.T) {
	tests := []struct {
		name string
		rest int64 // milliseconds since the response, when the worker ends the connection
		says string
		want bool
	}{
		{"one that ends a connection at once, however slow this machine, without a word", -10_000, "", true},
		{"not one that has an ordinary idle timer", hastyMillis + 1000, "", false},
		{"not one that says so", 0, "Connection: close\r\n", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var ended atomic.Bool
			end := make(chan struct{}, 1)
			r := newRig(t, func(o *Options) { o.Services[0].ProxyKeepaliveTimeout = time.Minute })
			s := newStub(t, func(q *stubRequest) bool {
				body := fmt.Sprint("connection ", q.conn)
				q.say("HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s", test.says, len(body), body)
				if !ended.Swap(true) {
					<-end
					return false
				}
				_, err := q.body()
				return err == nil
			})
			r.workers(s.address)
			c := r.client()
			c.wantOpen("connection 1")
			r.onLoop(func(l *loop) {
				for i := range l.services[0].pools.of {
					if l.services[0].pools.of[i].head != noSlot {
						l.conns.at(l.services[0].pools.of[i].head).since -= test.rest
					}
				}
			})
			end <- struct{}{}
			eventually(t, "its end is seen", func() bool { return r.sockets(kindUpstream) == 0 })
			hasty := func() bool { return r.worker(0).Hasty.Load() }
			if got := hasty(); got != test.want {
				t.Errorf("hasty: got %t, want %t", got, test.want)
			}
			again := up(s.address)
			again[0].Incarnation++
			if r.apply(false, again...); hasty() {
				t.Error("its successor counts as hasty")
			}
		})
	}
}

// TestAHastyWorkerKeepsItsConnectionsForWhatCanBeRepeated: GETs go on to share one, POSTs do not.
func TestAHastyWorkerKeepsItsConnectionsForWhatCanBeRepeated(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Services[0].ProxyKeepaliveTimeout = time.Minute })
	s := newStub(t, func(q *stubRequest) bool {
		_, err := q.body()
		return err == nil && q.ok(fmt.Sprint("connection ", q.conn))
	})
	r.workers(s.address)
	c := r.client()
	c.wantOpen("connection 1")
	c.wantOpen("connection 1")
	r.worker(0).Hasty.Store(true)
	c.do(post("abc")).want(t, 200, "connection 2")
	c.wantOpen("connection 2")
	c.do(post("abc")).want(t, 200, "connection 3")
}

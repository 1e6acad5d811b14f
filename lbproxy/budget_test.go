package lbproxy

import (
	"strings"
	"testing"

	"percore/lbproxy/balance"
)

// TestRepeatsAreAFifthOfTheRequests lets one of two workers die with ten requests, and holds what is repeated on the
// other.
func TestRepeatsAreAFifthOfTheRequests(t *testing.T) {
	r := newRig(t, nil)
	die, gate := make(chan struct{}), make(chan struct{})
	bad := newStub(t, func(q *stubRequest) bool { <-die; return false })
	good := newStub(t, func(q *stubRequest) bool { <-gate; return q.ok("ok") })
	r.workers(bad.address, good.address)
	r.warm()
	var clients []*caller
	for range 20 {
		clients = append(clients, r.client().send(getRequest))
	}
	eventually(t, "each worker has ten", func() bool { return bad.requests.Load() == 10 && good.requests.Load() == 10 })
	release := r.hold() // so that all die at once
	bad.listener.Close()
	close(die)
	eventually(t, "the worker has closed all", func() bool { return bad.gone.Load() == 10 })
	release()
	eventually(t, "the rest waits", func() bool {
		waiting := r.proxy.services[0].Waiting()
		return waiting > 0 && waiting+r.proxy.services[0].Repeats() == 10
	})
	repeats := r.proxy.services[0].Repeats()
	if repeats < 3 || repeats > 20/5 {
		t.Errorf("repeats at once: got %d, want 3 to a fifth of 20", repeats)
	}
	eventually(t, "the good one has them", func() bool { return good.requests.Load() == 10+repeats })
	close(gate)
	for _, c := range clients {
		c.read("GET").want(t, 200, "ok")
	}
	wantCount(t, "requests in all", good.requests.Load()+bad.requests.Load(), 30)
	eventually(t, "no repeat is under way", func() bool { return r.proxy.services[0].Repeats() == 0 })
}

// TestARepeatIsGivenBackOnce lets a request be repeated on a second worker, whose kept connection closes on receipt.
func TestARepeatIsGivenBackOnce(t *testing.T) {
	r := newRig(t, roundRobin)
	second, first := newStub(t, closesKept), newStub(t, closer)
	r.workers(second.address, first.address)
	r.warm()
	c := r.client()
	c.do(getRequest).want(t, 200, "1")
	c.do(getRequest).want(t, 200, "2")
	wantCount(t, "requests that the first died of", first.requests.Load(), 2)
	eventually(t, "no repeat is under way", func() bool { return r.proxy.services[0].Repeats() == 0 })
}

// TestARepeatThatIsAnsweredIsOver has repeats whose responses go on: the budget is for those of which it is not known
// yet how they end.
func TestARepeatThatIsAnsweredIsOver(t *testing.T) {
	tests := []struct{ name, request, head string }{
		{"an event stream", getRequest, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"},
		{"a tunnel", upgradeRequest, switching},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, roundRobin)
			over := make(chan struct{})
			defer close(over)
			good := newStub(t, func(q *stubRequest) bool { q.say("%s", test.head); <-over; return false })
			r.workers(good.address, newStub(t, closer).address)
			r.warm()
			c := r.client().send(test.request)
			if line, err := c.in.ReadString('\n'); err != nil || line != test.head[:strings.Index(test.head, "\n")+1] {
				t.Fatalf("status line: got %q and error %v", line, err)
			}
			wantCount(t, "repeats under way", r.proxy.services[0].Repeats(), 0)
		})
	}
}

func TestARequestThatNoWorkerSawIsNoRepeat(t *testing.T) {
	r := newRig(t, nil)
	r.workers(refusing(t), newStub(t, constant("ok")).address, refusing(t))
	b := balance.NewBalancer(r.proxy.services[0], &balance.Mailbox{}, 0)
	for place := r.worker(1); place != nil; { // all repeats that there may be
		place = b.Choose(r.proxy.services[0].Table(), &balance.Waiter{Repeat: true}, 1)
	}
	c := r.client()
	for range 5 {
		c.wantOpen("ok")
	}
}

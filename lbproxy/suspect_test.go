package lbproxy

import (
	"testing"

	"percore/lbproxy/balance"
)

// TestAWorkerThatWasKilledFromOutsideIsNotHeldAgainstARequest lets one worker after the other die of the only request
// there is.
func TestAWorkerThatWasKilledFromOutsideIsNotHeldAgainstARequest(t *testing.T) {
	for _, test := range []struct {
		name     string
		killed   bool // PID 1 says of each death that it came from outside
		crashers int
		want     int
		reached  int // workers in all
	}{
		{"one death may have any cause", false, 1, 200, 2},
		{"after two the request is to blame", false, 3, 502, 2},
		{"two kills are not its fault", true, 2, 200, 3},
		{"as many as it may be pardoned for, and one", true, 1 + balance.PardonsMax, 200, 2 + balance.PardonsMax},
		{"one more looks like its fault all the same", true, 9, 502, 2 + balance.PardonsMax},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, nil)
			died := make(chan struct{}, 10)
			c := r.client().send(getRequest)
			reached := 0
			for incarnation := uint64(1); reached < test.reached; incarnation++ {
				reached++
				crashes := reached <= test.crashers
				s := newStub(t, func(q *stubRequest) bool {
					if !crashes {
						return q.ok("fine")
					}
					q.crash()
					died <- struct{}{}
					return false
				})
				e := balance.Endpoint{Address: s.address, Incarnation: incarnation, State: balance.Up}
				if test.killed {
					e.Killed = incarnation - 1
				}
				r.apply(false, e)
				if crashes {
					<-died
					r.onLoop(func(*loop) {}) // the loop has seen it
				}
			}
			got := c.read("GET")
			if got.StatusCode != test.want {
				t.Errorf("status after %d workers: got %d, want %d", reached, got.StatusCode, test.want)
			}
		})
	}
}

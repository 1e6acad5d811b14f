package front

import (
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"percore/lbproxy"
)

// TestTheSignalToFinishMayOvertakeTheOrder has PID 1's SIGTERM come before, with and without the snapshot that says
// why.
func TestTheSignalToFinishMayOvertakeTheOrder(t *testing.T) {
	tests := []struct {
		name     string
		first    bool          // the first snapshot has the order
		order    time.Duration // when another has it; 0 is never
		finished int           // how often the proxy was told to finish
		ended    bool          // the front door goes at once, for another to come
	}{
		{"the order was there from the first", true, 0, 1, false},
		{"the order comes behind the signal", false, orderPatience / 2, 1, false},
		{"there is no order: the signal is a stranger's", false, 0, 0, true},
		{"the order comes too late", false, 2 * orderPatience, 0, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				signals, stop := make(chan os.Signal, 2), make(chan struct{})
				drains := newDrainOrder(lbproxy.Snapshot{Drain: test.first})
				finished, ended := 0, make(chan error, 1)
				go func() { ended <- finishOnTerm(signals, stop, func() { finished++ }, drains) }()
				signals <- syscall.SIGINT // the terminal's, which is PID 1's business
				signals <- syscall.SIGTERM
				if test.order > 0 {
					time.AfterFunc(test.order, func() { drains.note(lbproxy.Snapshot{Drain: true}) })
				}
				time.Sleep(3 * orderPatience) // of the bubble's clock
				synctest.Wait()
				if finished != test.finished || len(ended) > 0 != test.ended {
					t.Errorf("got told to finish %d times and ended %t, want %d and %t", finished, len(ended) > 0, test.finished, test.ended)
				}
				close(stop)
				synctest.Wait()
				if len(ended) == 0 {
					t.Error("it goes on when the front door ends")
				}
			})
		})
	}
}

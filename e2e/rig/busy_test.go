package rig

import (
	"sync/atomic"
	"testing"
	"time"
)

func TestASlowMachineHasMoreTime(t *testing.T) {
	for bare, want := range map[time.Duration]float64{
		0: 1, bareStartMax / 2: 1, bareStartMax: 1, 2 * bareStartMax: 2, 10 * bareStartMax: 10,
	} {
		if got := slowness(bare); got != want {
			t.Errorf("where a process takes %v: got %v times as long, want %v", bare, got, want)
		}
	}
	if got := bareStart(); got <= 0 || got > time.Minute {
		t.Errorf("the start of a process here: got %v", got)
	}
}

func TestWhatIsWithinItsLimitIsNotJudged(t *testing.T) {
	WantWithin(t, "what takes as long as it may", time.Second, time.Second)
	WantWithin(t, "what takes no time", 0, 0)
	if t.Failed() || t.Skipped() {
		t.Error("got a time that is judged")
	}
}

func TestTheLoadIsAtLeastWhatThisTestMakes(t *testing.T) {
	before := runnable()
	var stop atomic.Bool
	defer stop.Store(true)
	for range 4 {
		go func() {
			for !stop.Load() { // a thread that wants a CPU
			}
		}()
	}
	for deadline := time.Now().Add(Patience); ; {
		if busy := runnable(); busy >= 1 {
			return
		} else if time.Now().After(deadline) {
			t.Fatalf("got %v threads that want to run, before and beside four that do: %v", before, busy)
		}
	}
}

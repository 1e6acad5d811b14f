package tough

import (
	"syscall"
	"testing"
	"time"

	"percore/e2e/proc"
	"percore/e2e/rig"
)

// TestNobodyWakesUpWhenNothingHappens counts the context switches of all of PID 1's threads. The one thing that happens is the question
// to the front door whether it is well, every ten seconds: the windows between two of them are silent.
func TestNobodyWakesUpWhenNothingHappens(t *testing.T) {
	const window, windows = 3 * time.Second, 4
	s := start(t, rig.Setup{})
	s.AwaitAnswer()
	time.Sleep(2 * time.Second) // connections are closed, and the runtime's monitor thread goes to sleep
	silent := false
	for range windows {
		before, frontBefore := proc.Switches(s.PID), proc.Switches(s.front())
		time.Sleep(window)
		pid1, door := proc.Switches(s.PID)-before, proc.Switches(s.front())-frontBefore
		t.Logf("context switches in %v: PID 1 %d, front door %d; threads %d and %d; resident %d and %d KiB",
			window, pid1, door, proc.Status(s.PID).Number("Threads"), proc.Status(s.front()).Number("Threads"), proc.Resident(s.PID), proc.Resident(s.front()))
		if silent = pid1 == 0; silent {
			break
		}
	}
	if !silent {
		t.Errorf("context switches of PID 1: got some in each of %d windows of %v, want none in one of them", windows, window)
	}
	s.expectStop()
}

// TestTheFrontDoorIsBackEveryTime kills it again and again, each time as soon as it is there: that is no reason to wait.
func TestTheFrontDoorIsBackEveryTime(t *testing.T) {
	s := start(t, rig.Setup{})
	s.AwaitAnswer()
	const times, most = 10, 100 * time.Millisecond
	old := 0
	for range times {
		s.Await("the front door", func() bool { now := s.front(); return now != 0 && now != old })
		old = s.front()
		if err := syscall.Kill(old, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	s.AwaitAnswer()
	var died time.Time
	deaths, longest := 0, time.Duration(0)
	for _, l := range s.All(func(l rig.Line) bool { return l.Process == rig.FrontName }) {
		switch l.Message {
		case "worker ended":
			died = l.Time
			deaths++
		case "worker started":
			if !died.IsZero() {
				longest = max(longest, l.Time.Sub(died))
			}
		}
	}
	t.Logf("%d deaths, at most %v from one to the next start", deaths, longest)
	if deaths != times {
		t.Errorf("got %d deaths, want %d", deaths, times)
	}
	s.expectStop()
	rig.WantWithin(t, "the next start after a death", longest, most)
}

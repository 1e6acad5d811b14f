package tough

import (
	"syscall"
	"testing"
	"time"
)

// TestNobodyWakesUpWhenNothingHappens counts the context switches of all of PID 1's threads. The one thing that happens is the question
// to the front door whether it is well, every ten seconds: the windows between two of them are silent.
func TestNobodyWakesUpWhenNothingHappens(t *testing.T) {
	const window, windows = 3 * time.Second, 4
	s := start(t, setup{})
	s.awaitAnswer()
	time.Sleep(2 * time.Second) // connections are closed, and the runtime's monitor thread goes to sleep
	silent := false
	for range windows {
		before, frontBefore := switches(s.pid), switches(s.front())
		time.Sleep(window)
		pid1, door := switches(s.pid)-before, switches(s.front())-frontBefore
		t.Logf("context switches in %v: PID 1 %d, front door %d; threads %d and %d; resident %d and %d KiB",
			window, pid1, door, threads(s.pid), threads(s.front()), resident(s.pid), resident(s.front()))
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
	s := start(t, setup{})
	s.awaitAnswer()
	const times, most = 10, 100 * time.Millisecond
	old := 0
	for range times {
		s.await("the front door", func() bool { now := s.front(); return now != 0 && now != old })
		old = s.front()
		if err := syscall.Kill(old, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	s.awaitAnswer()
	var died time.Time
	deaths, longest := 0, time.Duration(0)
	for _, l := range s.of("percore:front") {
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
	if deaths != times || longest > most {
		t.Errorf("got %d deaths and %v to the next start, want %d and at most %v", deaths, longest, times, most)
	}
	s.expectStop()
}

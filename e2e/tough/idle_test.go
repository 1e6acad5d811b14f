package tough

import (
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// TestNobodyWakesUpWhenNothingHappens counts the context switches of all of PID 1's threads. PERCORE_IDLE is for how long, in
// seconds; the promise is none in ten.
func TestNobodyWakesUpWhenNothingHappens(t *testing.T) {
	seconds := 3
	if n, err := strconv.Atoi(os.Getenv("PERCORE_IDLE")); err == nil {
		seconds = n
	}
	s := start(t, setup{})
	s.awaitAnswer()
	time.Sleep(2 * time.Second) // connections are closed, and the runtime's monitor thread goes to sleep
	before, frontBefore := switches(s.pid), switches(s.front())
	time.Sleep(time.Duration(seconds) * time.Second)
	pid1, door := switches(s.pid)-before, switches(s.front())-frontBefore
	t.Logf("context switches in %d s: PID 1 %d, front door %d; threads %d and %d; resident %d and %d KiB",
		seconds, pid1, door, threads(s.pid), threads(s.front()), resident(s.pid), resident(s.front()))
	if pid1 > 0 {
		t.Errorf("context switches of PID 1 in %d s: got %d, want 0", seconds, pid1)
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

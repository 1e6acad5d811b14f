package self_test

import (
	"os"
	"runtime"
	"testing"

	"percore/entrypoint/self"
)

func TestReservedThreadsExist(t *testing.T) {
	before := threadCount(t)
	self.ReserveThreads(before + 3)
	if got := threadCount(t); got < before+3 {
		t.Errorf("threads: got %d after %d, want at least %d", got, before, before+3)
	}
	self.ReserveThreads(0)
}

func threadCount(t *testing.T) int {
	t.Helper()
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Skip("SKIPPED: no /proc:", err)
	}
	return len(tasks)
}

func TestModestyLowersButNeverRaises(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for procs, want := range map[int]int{1: 1, 2: 2, 8: 2} {
		runtime.GOMAXPROCS(procs)
		self.StayModest()
		if got := runtime.GOMAXPROCS(0); got != want {
			t.Errorf("GOMAXPROCS of %d: got %d, want %d", procs, got, want)
		}
	}
}

package pid1

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"percore/e2e/load"
	"percore/e2e/proc"
	"percore/e2e/rig"
)

const megabyte = 1 << 20

func TestTheBinaryFitsIn8MB(t *testing.T) {
	info, err := os.Stat(kit.Percore)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes", info.Size())
	if info.Size() > 8*megabyte {
		t.Errorf("got %d bytes, want at most 8 MB", info.Size())
	}
}

func TestIdleMemoryAndWakeUps(t *testing.T) {
	s := start(t, env{"PERCORE_WORKERS": "2", "PERCORE_KEEPALIVE_TIMEOUT": "1"}, "demo")
	s.AwaitReady(2)
	request := s.Get("/")
	request.Clients, request.KeepAlive, request.Check = 16, true, greeting
	run := load.Start(request)
	s.Await("traffic", moreAnswers(run, 2000))
	run.Stop()
	front := s.Front().PID
	s.Await("the traffic's last timers", func() bool {
		return s.clientsConnected() == 0 && isQuiet(s.PID, time.Second) && isQuiet(front, time.Second)
	})

	for name, budget := range map[string]struct{ pid, max int }{"PID 1": {s.PID, 9 * megabyte}, "the front door": {front, 12 * megabyte}} {
		resident := proc.Resident(budget.pid) << 10
		t.Logf("%s: %d KiB resident", name, resident>>10)
		if resident > budget.max {
			t.Errorf("%s: got %d KiB resident, want at most %d", name, resident>>10, budget.max>>10)
		}
	}
	// Once in ten seconds the front door is asked whether it hangs: the window without that question counts.
	const window, windows, wakeUpsMax = 4 * time.Second, 3, 10
	least := map[string]int{}
	for range windows {
		before, beforeFront := proc.Switches(s.PID), proc.Switches(front)
		time.Sleep(window) // it is the doing nothing that is measured
		for name, got := range map[string]int{"PID 1": proc.Switches(s.PID) - before, "the front door": proc.Switches(front) - beforeFront} {
			t.Logf("%s: %d context switches in %v without traffic", name, got, window)
			if known, seen := least[name]; !seen || got < known {
				least[name] = got
			}
		}
	}
	for name, got := range least {
		if got > wakeUpsMax {
			t.Errorf("%s: got %d context switches in the quietest %v without traffic, want at most %d", name, got, window, wakeUpsMax)
		}
	}
}

// isQuiet tells whether a process does next to nothing for a while.
func isQuiet(pid int, while time.Duration) bool {
	before := proc.Switches(pid)
	time.Sleep(while)
	return proc.Switches(pid)-before <= 3
}

// TestTheFirstWorkerIsForkedWithin15msOfExec grants a slow machine more: the budget is for one on which a bare Go program is at work
// within bareStart of its exec, as on the one of docs/bench.md.
func TestTheFirstWorkerIsForkedWithin15msOfExec(t *testing.T) {
	const budget, bareStart = 15 * time.Millisecond, 8 * time.Millisecond
	best, bare := time.Hour, time.Hour
	for range 10 {
		first, second := filepath.Join(t.TempDir(), "stamp"), filepath.Join(t.TempDir(), "stamp")
		s := startUnder(t, []string{workerBinary, "worker", "exec", first, workerBinary, "worker", "exec", second}, env{"PERCORE_WORKERS": "1"}, "demo")
		s.Await("the worker", func() bool { return len(s.WorkerLines("worker started")) == 1 })
		best = min(best, s.WorkerLines("worker started")[0].Time.Sub(timeIn(t, second)))
		bare = min(bare, timeIn(t, second).Sub(timeIn(t, first)))
		s.Stop()
	}
	t.Logf("a bare Go program, the best of ten starts: %v", bare)
	limit := time.Duration(float64(budget) * max(1, float64(bare)/float64(bareStart)))
	rig.WantWithin(t, "the first worker after exec, the best of ten starts", best, limit)
}

// timeIn reads the moment that the scripted worker left before it became percore.
func timeIn(t *testing.T, file string) (moment time.Time) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err == nil {
		err = moment.UnmarshalText(content)
	}
	if err != nil {
		t.Fatal(err)
	}
	return moment
}

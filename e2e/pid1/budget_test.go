package pid1

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"percore/e2e/load"
)

const megabyte = 1 << 20

func TestTheBinaryFitsIn8MB(t *testing.T) {
	info, err := os.Stat(built.percore)
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
	s.awaitReady(2)
	request := s.get("/")
	request.Clients, request.KeepAlive, request.Check = 16, true, greeting
	run := load.Start(request)
	s.await("traffic", moreAnswers(run, 2000))
	run.Stop()
	front := s.front().pid
	s.await("the traffic's last timers", func() bool {
		return s.clientsConnected() == 0 && isQuiet(s.pid, time.Second) && isQuiet(front, time.Second)
	})

	for name, budget := range map[string]struct{ pid, max int }{"PID 1": {s.pid, 8 * megabyte}, "the front door": {front, 12 * megabyte}} {
		resident := residentBytes(budget.pid)
		t.Logf("%s: %d KiB resident", name, resident>>10)
		if resident > budget.max {
			t.Errorf("%s: got %d KiB resident, want at most %d", name, resident>>10, budget.max>>10)
		}
	}
	// Once in ten seconds the front door is asked whether it hangs: the window without that question counts.
	const window, windows, wakeUpsMax = 4 * time.Second, 3, 10
	least := map[string]int{}
	for range windows {
		before, beforeFront := switches(s.pid), switches(front)
		time.Sleep(window) // it is the doing nothing that is measured
		for name, got := range map[string]int{"PID 1": switches(s.pid) - before, "the front door": switches(front) - beforeFront} {
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
	before := switches(pid)
	time.Sleep(while)
	return switches(pid)-before <= 3
}

// switches counts the context switches of all threads of a process (man 5 proc).
func switches(pid int) (n int) {
	paths, _ := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/status")
	for _, path := range paths {
		status := statusIn(path)
		for _, field := range []string{"voluntary_ctxt_switches", "nonvoluntary_ctxt_switches"} {
			count, _ := strconv.Atoi(status[field])
			n += count
		}
	}
	return n
}

func residentBytes(pid int) int {
	kilobytes, _ := strconv.Atoi(strings.TrimSuffix(statusOf(pid)["VmRSS"], " kB"))
	return kilobytes << 10
}

// TestTheFirstWorkerIsForkedWithin15msOfExec grants a slow machine more: the budget is for one on which a bare Go program is at work
// within bareStart of its exec, as on the one of docs/bench.md.
func TestTheFirstWorkerIsForkedWithin15msOfExec(t *testing.T) {
	const budget, bareStart = 15 * time.Millisecond, 8 * time.Millisecond
	best, bare := time.Hour, time.Hour
	for range 10 {
		first, second := filepath.Join(t.TempDir(), "stamp"), filepath.Join(t.TempDir(), "stamp")
		s := startUnder(t, []string{built.worker, "worker", "exec", first, built.worker, "worker", "exec", second}, env{"PERCORE_WORKERS": "1"}, "demo")
		s.await("the worker", func() bool { return len(s.messages("worker started")) == 1 })
		best = min(best, s.messages("worker started")[0].Time.Sub(timeIn(t, second)))
		bare = min(bare, timeIn(t, second).Sub(timeIn(t, first)))
		s.stop()
	}
	t.Logf("a bare Go program, the best of ten starts: %v", bare)
	limit := time.Duration(float64(budget) * max(1, float64(bare)/float64(bareStart)))
	wantWithin(t, "the first worker after exec, the best of ten starts", best, limit)
}

// wantWithin compares a time with its limit. One that was exceeded while others had the CPUs says nothing.
func wantWithin(t *testing.T, what string, got, limit time.Duration) {
	t.Helper()
	switch load := loadAverage(); {
	case got <= limit:
		t.Logf("%s: %v", what, got)
	case load > float64(runtime.NumCPU()):
		t.Skipf("SKIPPED: %s: got %v, want %v; but %.1f processes want the %d CPUs", what, got, limit, load, runtime.NumCPU())
	default:
		t.Errorf("%s: got %v, want it within %v", what, got, limit)
	}
}

// loadAverage is how many processes wanted to run in the last minute (man 5 proc).
func loadAverage() float64 {
	content, _ := os.ReadFile("/proc/loadavg")
	first, _, _ := strings.Cut(string(content), " ")
	load, _ := strconv.ParseFloat(first, 64)
	return load
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

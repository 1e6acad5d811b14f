package rig

import (
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// WantWithin compares a time with its limit, which is for a machine like that of docs/bench.md: a slower one has more.
// One that was exceeded while others had the CPUs says nothing.
func WantWithin(t *testing.T, what string, got, limit time.Duration) {
	t.Helper()
	if got <= limit {
		t.Logf("%s: %v", what, got)
		return
	}
	if slow := slowness(bareStart()); got <= time.Duration(float64(limit)*slow) {
		t.Logf("%s: %v, which is within %v on a machine that takes %.1f times as long", what, got, limit, slow)
		return
	}
	if wanting := Wanting(); wanting > float64(runtime.NumCPU()) {
		t.Skipf("SKIPPED: %s: got %v, want %v; but %.1f processes want the %d CPUs", what, got, limit, wanting, runtime.NumCPU())
	}
	t.Errorf("%s: got %v, want it within %v", what, got, limit)
}

// bareStartMax is what a process takes to start and to end, at best, on a machine like that of docs/bench.md: 0.6 ms
// there.
const bareStartMax = time.Millisecond

// slowness is how many times as long as there something takes on a machine on which a process takes so long to start
// and to end; 1 at least.
func slowness(bare time.Duration) float64 { return max(1, float64(bare)/float64(bareStartMax)) }

// bareStart is what a process that does nothing takes to start and to end here: the best of twenty.
func bareStart() time.Duration {
	best := time.Hour
	for range 20 {
		began := time.Now()
		if err := exec.Command("/bin/true").Run(); err != nil {
			return 0
		}
		best = min(best, time.Since(began))
	}
	return best
}

// Wanting is how many threads want the CPUs, now or in the last minute, whichever is more.
func Wanting() float64 { return max(loadAverage(), runnable()) }

// loadAverage is how many processes wanted to run in the last minute (man 5 proc).
func loadAverage() float64 {
	content, _ := os.ReadFile("/proc/loadavg")
	first, _, _ := strings.Cut(string(content), " ")
	load, _ := strconv.ParseFloat(first, 64)
	return load
}

// runnable is how many threads want to run now, this one left out: the average does not know a load that has just begun.
func runnable() float64 {
	const looks = 50
	sum := 0
	for range looks {
		content, _ := os.ReadFile("/proc/loadavg")
		if fields := strings.Fields(string(content)); len(fields) > 3 {
			first, _, _ := strings.Cut(fields[3], "/")
			n, _ := strconv.Atoi(first)
			sum += max(n-1, 0)
		}
		time.Sleep(2 * time.Millisecond)
	}
	return float64(sum) / looks
}

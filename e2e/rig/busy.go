package rig

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// WantWithin compares a time with its limit. One that was exceeded while others had the CPUs says nothing.
func WantWithin(t *testing.T, what string, got, limit time.Duration) {
	t.Helper()
	if got <= limit {
		t.Logf("%s: %v", what, got)
		return
	}
	if wanting := Wanting(); wanting > float64(runtime.NumCPU()) {
		t.Skipf("SKIPPED: %s: got %v, want %v; but %.1f processes want the %d CPUs", what, got, limit, wanting, runtime.NumCPU())
	}
	t.Errorf("%s: got %v, want it within %v", what, got, limit)
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

package initsuite

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// children lists the pids whose parent is pid, whichever of its threads forked them.
func children(pid int) []int {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	var all []int
	for _, file := range files {
		text, _ := os.ReadFile(file)
		for _, word := range strings.Fields(string(text)) {
			if child, err := strconv.Atoi(word); err == nil {
				all = append(all, child)
			}
		}
	}
	return all
}

// statusField is a line of /proc/PID/status, or of one of its threads.
func statusField(path, name string) string {
	text, _ := os.ReadFile(path)
	for line := range strings.Lines(string(text)) {
		if value, found := strings.CutPrefix(line, name+":"); found {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func statusOf(pid int, name string) string {
	return statusField(fmt.Sprintf("/proc/%d/status", pid), name)
}

// mask is one of SigBlk, SigIgn, SigCgt.
func mask(pid int, name string) uint64 {
	bits, _ := strconv.ParseUint(statusOf(pid, name), 16, 64)
	return bits
}

func has(bits uint64, sig syscall.Signal) bool { return bits&(1<<(sig-1)) != 0 }

// stateOf is the letter of /proc/PID/stat, "" when it is gone.
func stateOf(pid int) string {
	fields := statOf(pid)
	if len(fields) == 0 {
		return ""
	}
	return fields[0]
}

// statOf is /proc/PID/stat from the state on.
func statOf(pid int) []string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return strings.Fields(string(text[strings.LastIndex(string(text), ")")+1:]))
}

// residentKB is the resident memory in KiB.
func residentKB(pid int) float64 {
	kb, _ := strconv.ParseFloat(strings.TrimSuffix(statusOf(pid, "VmRSS"), " kB"), 64)
	return kb
}

// cpuTime is what the process itself has used, in the kernel's ticks of 10 ms.
func cpuTime(pid int) time.Duration {
	fields := statOf(pid)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// switches is how often any thread was put on a CPU.
func switches(pid int) int {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	total := 0
	for _, file := range files {
		for _, name := range []string{"voluntary_ctxt_switches", "nonvoluntary_ctxt_switches"} {
			n, _ := strconv.Atoi(statusField(file, name))
			total += n
		}
	}
	return total
}

func threads(pid int) int {
	n, _ := strconv.Atoi(statusOf(pid, "Threads"))
	return n
}

func TestProcessReadersSeeThisProcess(t *testing.T) {
	me := os.Getpid()
	if got := stateOf(me); got != "R" && got != "S" {
		t.Errorf("state: got %q, want R or S", got)
	}
	if got := residentKB(me); got < 500 {
		t.Errorf("resident: got %v KiB, want more than 500", got)
	}
	if got := threads(me); got < 2 {
		t.Errorf("threads: got %d, want several", got)
	}
	if got := switches(me); got == 0 {
		t.Error("context switches: got 0, want some")
	}
	if !has(mask(me, "SigCgt"), syscall.SIGTERM) {
		t.Error("a Go program catches TERM: got false, want true")
	}
	if got := stateOf(1 << 30); got != "" {
		t.Errorf("state of no process: got %q, want none", got)
	}
}

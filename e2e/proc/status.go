package proc

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Fields are the lines of a file such as /proc/PID/status, by the name before the colon.
type Fields map[string]string

// Status is /proc/PID/status; empty when there is no such process.
func Status(pid int) Fields { return readFields(fmt.Sprintf("/proc/%d/status", pid)) }

// ThreadStatuses are the statuses of a process's threads.
func ThreadStatuses(pid int) []Fields {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid)) // the pattern is well-formed
	var list []Fields
	for _, file := range files {
		if fields := readFields(file); len(fields) > 0 { // else the thread has just ended
			list = append(list, fields)
		}
	}
	return list
}

func readFields(path string) Fields {
	text, _ := os.ReadFile(path)
	fields := Fields{}
	for line := range strings.Lines(string(text)) {
		if name, value, found := strings.Cut(line, ":"); found {
			fields[name] = strings.TrimSpace(value)
		}
	}
	return fields
}

// word is one of the words of a field; empty where there are not so many.
func (f Fields) word(name string, i int) string {
	words := strings.Fields(f[name])
	if i >= len(words) {
		return ""
	}
	return words[i]
}

// Number is the number that a field begins with, whatever its unit; 0 where there is none.
func (f Fields) Number(name string) int {
	n, _ := strconv.Atoi(f.word(name, 0))
	return n
}

// Has reports whether a signal is in a field such as SigCgt, SigBlk or SigIgn.
func (f Fields) Has(name string, signal syscall.Signal) bool {
	bits, _ := strconv.ParseUint(f[name], 16, 64)
	return bits&(1<<(signal-1)) != 0
}

// Switches counts the context switches of all threads of processes so far: each is a wake-up, or an interruption of one.
func Switches(pids ...int) int {
	sum := 0
	for _, pid := range pids {
		for _, thread := range ThreadStatuses(pid) {
			sum += thread.Number("voluntary_ctxt_switches") + thread.Number("nonvoluntary_ctxt_switches")
		}
	}
	return sum
}

// Resident is the memory that a process has resident, in KiB.
func Resident(pid int) int { return Status(pid).Number("VmRSS") }

// Memory is the resident and the proportional size of processes in KiB. Pages that several share count in each one's RSS,
// and once in the sum of their PSS.
func Memory(pids []int) (rss, pss int) {
	for _, pid := range pids {
		rollup := readFields(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		rss += rollup.Number("Rss")
		pss += rollup.Number("Pss")
	}
	return rss, pss
}

package tough

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// line is one line of percore's log.
type line struct {
	Time    time.Time `json:"time"`
	Message string    `json:"msg"`
	Process string    `json:"process"`
	PID     int       `json:"pid"`
	Reason  string    `json:"reason"`
	Next    string    `json:"next"`
	Count   int       `json:"count"`
}

// journal is the file that percore and its workers write to.
type journal struct{ path string }

func (j journal) text() string {
	text, _ := os.ReadFile(j.path)
	return string(text)
}

// lines gives percore's own lines with that message.
func (j journal) lines(message string) []line {
	return j.filter(func(l line) bool { return l.Message == message })
}

// of gives percore's own lines about that process.
func (j journal) of(process string) []line {
	return j.filter(func(l line) bool { return l.Process == process })
}

func (j journal) filter(wanted func(line) bool) []line {
	text, _ := os.ReadFile(j.path)
	var list []line
	for text := range bytes.Lines(text) {
		var l line
		if json.Unmarshal(text, &l) == nil && wanted(l) {
			list = append(list, l)
		}
	}
	return list
}

// cpu is the time that all threads of a process have spent on CPUs (first field of schedstat, in ns).
func cpu(pid int) time.Duration {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	var sum time.Duration
	for _, file := range files {
		text, _ := os.ReadFile(file)
		first, _, _ := strings.Cut(string(text), " ")
		n, _ := strconv.ParseInt(first, 10, 64)
		sum += time.Duration(n)
	}
	return sum
}

// switches counts the context switches of all threads of a process so far.
func switches(pid int) int {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	sum := 0
	for _, file := range files {
		text, _ := os.ReadFile(file)
		for l := range strings.Lines(string(text)) {
			if name, value, _ := strings.Cut(l, ":"); strings.HasSuffix(name, "ctxt_switches") {
				n, _ := strconv.Atoi(strings.TrimSpace(value))
				sum += n
			}
		}
	}
	return sum
}

// status is a field of /proc/PID/status.
func status(pid int, field string) string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for l := range strings.Lines(string(text)) {
		if name, value, _ := strings.Cut(l, ":"); name == field {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// resident is VmRSS in KiB.
func resident(pid int) int {
	kib, _, _ := strings.Cut(status(pid, "VmRSS"), " ")
	n, _ := strconv.Atoi(kib)
	return n
}

func threads(pid int) int {
	n, _ := strconv.Atoi(status(pid, "Threads"))
	return n
}

// front is the front door's process; 0 when there is none.
func (s *service) front() int {
	for _, pid := range childrenOf(s.pid) {
		if status(pid, "Name") == "percore-front" {
			return pid
		}
	}
	return 0
}

// worker is the demo worker's process; 0 when there is none.
func (s *service) worker() int {
	for _, pid := range childrenOf(s.pid) {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if strings.Contains(string(text), "demo-worker") {
			return pid
		}
	}
	return 0
}

// zombies counts PID 1's dead children.
func (s *service) zombies() int {
	n := 0
	for _, pid := range childrenOf(s.pid) {
		if strings.HasPrefix(status(pid, "State"), "Z") {
			n++
		}
	}
	return n
}

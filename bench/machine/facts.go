// Package machine is what the benches know of the machine they run on: its facts, its CPUs and which process runs on which,
// processes that end with the bench, and system calls as strace counts them. It knows no proxy and no load.
//
// Begin with facts.go, then process.go.
package machine

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Facts are what a reader needs in order to judge a figure: a system call's price decides most of it.
type Facts struct {
	Command     string
	Date        string
	Kernel      string
	Congestion  string // of TCP; bbr paces large answers by a timer, over loopback too
	CPU         string
	Mitigations string
	Load        string
	EmptyCall   time.Duration
	Versions    []string
}

// ReadFacts asks the kernel. What it does not tell is empty.
func ReadFacts(command string) Facts {
	return Facts{
		Command:     command,
		Date:        time.Now().UTC().Format("2006-01-02 15:04 UTC"),
		Kernel:      Kernel(),
		Congestion:  readLine("/proc/sys/net/ipv4/tcp_congestion_control"),
		CPU:         CPUModel(),
		Mitigations: readMitigations("/sys/devices/system/cpu/vulnerabilities"),
		Load:        LoadAverage(),
		EmptyCall:   timeEmptyCall(),
	}
}

// Text is a line for each fact.
func (m Facts) Text() string {
	lines := []string{
		"command:     " + m.Command,
		"date:        " + m.Date,
		"kernel:      " + m.Kernel,
		"tcp:         " + m.Congestion,
		"cpu:         " + strconv.Itoa(runtime.NumCPU()) + " × " + m.CPU,
		"mitigations: " + m.Mitigations,
		"empty call:  " + strconv.FormatInt(m.EmptyCall.Nanoseconds(), 10) + " ns (getppid)",
		"load:        " + m.Load + " at the start (1, 5, 15 minutes)",
	}
	for _, v := range m.Versions {
		lines = append(lines, "version:     "+v)
	}
	return strings.Join(lines, "\n")
}

// readText is empty for what cannot be read: a missing fact does not stop a benchmark.
func readText(path string) string {
	text, _ := os.ReadFile(path)
	return string(text)
}

func readLine(path string) string { return strings.TrimSpace(readText(path)) }

// Kernel is its name and release.
func Kernel() string {
	return readLine("/proc/sys/kernel/ostype") + " " + readLine("/proc/sys/kernel/osrelease")
}

// CPUModel is what the kernel calls the CPUs, or the architecture where it has no name for them.
func CPUModel() string { return cpuModel(readText("/proc/cpuinfo")) }

// LoadAverage is that of 1, 5 and 15 minutes.
func LoadAverage() string { return loadAverage(readLine("/proc/loadavg")) }

func cpuModel(cpuinfo string) string {
	for _, line := range strings.Split(cpuinfo, "\n") {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

func loadAverage(line string) string {
	fields := strings.Fields(line)
	if len(fields) < 3 {
		return "unknown"
	}
	return strings.Join(fields[:3], " ")
}

// readMitigations lists the kernel's mitigations that cost something; the rest of the folder says "Not affected" or "Vulnerable".
func readMitigations(dir string) string {
	files, _ := filepath.Glob(filepath.Join(dir, "*")) // the pattern is well-formed, so there is no error
	var active []string
	for _, file := range files {
		if value, ok := strings.CutPrefix(readLine(file), "Mitigation: "); ok {
			active = append(active, filepath.Base(file)+" ("+value+")")
		}
	}
	if len(active) == 0 {
		return "none"
	}
	return strings.Join(active, ", ")
}

// timeEmptyCall is the least of several means: what a system call costs when nothing interferes.
func timeEmptyCall() time.Duration {
	const repeats, tries = 20000, 10
	best := time.Hour
	for range tries {
		start := time.Now()
		for range repeats {
			_, _, _ = unix.RawSyscall(unix.SYS_GETPPID, 0, 0, 0)
		}
		best = min(best, time.Since(start)/repeats)
	}
	return best
}

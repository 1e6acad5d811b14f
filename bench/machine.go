package main

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// machine is what a reader needs in order to judge a figure: a system call's price decides most of it.
type machine struct {
	command     string
	date        string
	kernel      string
	congestion  string // of TCP; bbr paces large answers by a timer, over loopback too
	cpu         string
	mitigations string
	load        string
	emptyCall   time.Duration
	versions    []string
}

func readMachine(command string) machine {
	return machine{
		command:     command,
		date:        time.Now().UTC().Format("2006-01-02 15:04 UTC"),
		kernel:      readLine("/proc/sys/kernel/ostype") + " " + readLine("/proc/sys/kernel/osrelease"),
		congestion:  readLine("/proc/sys/net/ipv4/tcp_congestion_control"),
		cpu:         cpuModel(readText("/proc/cpuinfo")),
		mitigations: readMitigations("/sys/devices/system/cpu/vulnerabilities"),
		load:        loadAverage(readLine("/proc/loadavg")),
		emptyCall:   timeEmptyCall(),
	}
}

func (m machine) text() string {
	lines := []string{
		"command:     " + m.command,
		"date:        " + m.date,
		"kernel:      " + m.kernel,
		"tcp:         " + m.congestion,
		"cpu:         " + strconv.Itoa(runtime.NumCPU()) + " × " + m.cpu,
		"mitigations: " + m.mitigations,
		"empty call:  " + strconv.FormatInt(m.emptyCall.Nanoseconds(), 10) + " ns (getppid)",
		"load:        " + m.load + " at the start (1, 5, 15 minutes)",
	}
	for _, v := range m.versions {
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

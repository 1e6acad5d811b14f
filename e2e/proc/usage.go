package proc

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Usage is the CPU time that threads have used so far.
type Usage struct {
	CPU       time.Duration // exact, from schedstat
	User, Sys uint64        // ticks, sampled by the kernel: only their proportion over a long time means something
}

// Plus is the sum of two usages.
func (u Usage) Plus(v Usage) Usage { return Usage{u.CPU + v.CPU, u.User + v.User, u.Sys + v.Sys} }

// Minus is what has been used since an earlier reading.
func (u Usage) Minus(v Usage) Usage { return Usage{u.CPU - v.CPU, u.User - v.User, u.Sys - v.Sys} }

// CPU is the exact CPU time of the threads that a process has; 0 when it is gone.
func CPU(pid int) time.Duration {
	u, _ := ReadUsage([]int{pid})
	return u.CPU
}

// ReadUsage sums the CPU time of every thread of the processes.
func ReadUsage(pids []int) (Usage, error) {
	var total Usage
	for _, pid := range pids {
		threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", pid))
		if len(threads) == 0 {
			return Usage{}, fmt.Errorf("read usage: process %d is gone", pid)
		}
		for _, thread := range threads {
			u, err := readThread(thread)
			if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
				continue // a thread that ended between the listing and now, or while it was read
			}
			if err != nil {
				return Usage{}, err
			}
			total = total.Plus(u)
		}
	}
	return total, nil
}

func readThread(dir string) (Usage, error) {
	sched, err := os.ReadFile(filepath.Join(dir, "schedstat"))
	if err != nil {
		return Usage{}, fmt.Errorf("read schedstat: %w", err)
	}
	cpu, err := parseSchedstat(string(sched))
	if err != nil {
		return Usage{}, err
	}
	stat, err := readStat(filepath.Join(dir, "stat"))
	return Usage{CPU: cpu, User: stat.User, Sys: stat.Sys}, err
}

// parseSchedstat returns the first field of /proc/PID/task/TID/schedstat: time on a CPU (kernel,
// Documentation/scheduler/sched-stats).
func parseSchedstat(text string) (time.Duration, error) {
	fields := strings.Fields(text)
	if len(fields) != 3 {
		return 0, fmt.Errorf("parse schedstat %q: want 3 fields", text)
	}
	ns, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("parse schedstat: %w", err)
	}
	return time.Duration(ns), nil
}

// ReadRSS sums the resident memory of the processes, in bytes. Pages that several of them share count in each.
func ReadRSS(pids []int) (int64, error) {
	var total int64
	for _, pid := range pids {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			return 0, fmt.Errorf("read memory: %w", err)
		}
		rss, err := parseRSS(string(text))
		if err != nil {
			return 0, err
		}
		total += rss
	}
	return total, nil
}

// parseRSS returns the VmRSS line of /proc/PID/status in bytes.
func parseRSS(text string) (int64, error) {
	for _, line := range strings.Split(text, "\n") {
		value, ok := strings.CutPrefix(line, "VmRSS:")
		if !ok {
			continue
		}
		kb, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(value, "kB")), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("parse VmRSS: %w", err)
		}
		return kb * 1024, nil
	}
	return 0, errors.New("parse VmRSS: no such line")
}

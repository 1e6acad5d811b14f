package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// proc is one line of the process table.
type proc struct {
	pid, ppid int
	started   uint64 // clock ticks since boot: with the pid it names a process for ever
	args      []string
}

func (p proc) same(q proc) bool { return p.pid == q.pid && p.started == q.started }

// role is the first word after the program's name: percore's front door is `percore front`.
func (p proc) role() string {
	if len(p.args) < 2 {
		return ""
	}
	return p.args[1]
}

// usage is the CPU time that threads have used so far.
type usage struct {
	cpu       time.Duration // exact, from schedstat
	user, sys uint64        // clock ticks, sampled by the kernel: only their proportion over a long time means something
}

func (u usage) plus(v usage) usage { return usage{u.cpu + v.cpu, u.user + v.user, u.sys + v.sys} }

func (u usage) minus(v usage) usage { return usage{u.cpu - v.cpu, u.user - v.user, u.sys - v.sys} }

// statFields are the fields of /proc/PID/stat that the bench needs (man 5 proc).
type statFields struct {
	ppid               int
	user, sys, started uint64
}

// parseStat reads /proc/PID/stat. The command name in parentheses may hold anything, so fields count from the last ')'.
func parseStat(text string) (statFields, error) {
	end := strings.LastIndexByte(text, ')')
	fields := strings.Fields(text[end+1:])
	if end < 0 || len(fields) < 20 {
		return statFields{}, fmt.Errorf("parse stat %q: too short", text)
	}
	ppid, err := strconv.Atoi(fields[1])
	s := statFields{ppid: ppid}
	for index, to := range map[int]*uint64{11: &s.user, 12: &s.sys, 19: &s.started} {
		var e error
		*to, e = strconv.ParseUint(fields[index], 10, 64)
		err = errors.Join(err, e)
	}
	if err != nil {
		return statFields{}, fmt.Errorf("parse stat: %w", err)
	}
	return s, nil
}

// parseSchedstat returns the first field of /proc/PID/task/TID/schedstat: time on a CPU (kernel, Documentation/scheduler/sched-stats).
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

func readProc(pid int) (proc, error) {
	dir := filepath.Join("/proc", strconv.Itoa(pid))
	text, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return proc{}, fmt.Errorf("read process: %w", err)
	}
	fields, err := parseStat(string(text))
	if err != nil {
		return proc{}, err
	}
	args, err := os.ReadFile(filepath.Join(dir, "cmdline"))
	if err != nil {
		return proc{}, fmt.Errorf("read process: %w", err)
	}
	words := strings.Split(strings.TrimRight(string(args), "\x00"), "\x00")
	return proc{pid: pid, ppid: fields.ppid, started: fields.started, args: words}, nil
}

// descendants lists a process and everything below it, parents first. A process that leaves meanwhile is left out.
func descendants(root int) []proc {
	children := map[int][]proc{}
	entries, _ := filepath.Glob("/proc/[0-9]*") // the pattern is well-formed, so there is no error
	for _, entry := range entries {
		pid, _ := strconv.Atoi(filepath.Base(entry))
		if p, err := readProc(pid); err == nil {
			children[p.ppid] = append(children[p.ppid], p)
		}
	}
	top, err := readProc(root)
	if err != nil {
		return nil
	}
	family := []proc{top}
	for i := 0; i < len(family); i++ {
		family = append(family, children[family[i].pid]...)
	}
	return family
}

// readUsage sums the CPU time of every thread of the processes.
func readUsage(pids []int) (usage, error) {
	var total usage
	for _, pid := range pids {
		threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", pid))
		if len(threads) == 0 {
			return usage{}, fmt.Errorf("read usage: process %d is gone", pid)
		}
		for _, thread := range threads {
			u, err := readThread(thread)
			if errors.Is(err, os.ErrNotExist) {
				continue // a thread that ended between the listing and now
			}
			if err != nil {
				return usage{}, err
			}
			total = total.plus(u)
		}
	}
	return total, nil
}

func readThread(dir string) (usage, error) {
	sched, err := os.ReadFile(filepath.Join(dir, "schedstat"))
	if err != nil {
		return usage{}, fmt.Errorf("read schedstat: %w", err)
	}
	cpu, err := parseSchedstat(string(sched))
	if err != nil {
		return usage{}, err
	}
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return usage{}, fmt.Errorf("read stat: %w", err)
	}
	fields, err := parseStat(string(stat))
	return usage{cpu: cpu, user: fields.user, sys: fields.sys}, err
}

// readRSS sums the resident memory of the processes, in bytes. Pages that several of them share count in each.
func readRSS(pids []int) (int64, error) {
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

package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// childrenOf lists the pids of a process's children, oldest first (man 5 proc, /proc/PID/task/TID/children).
func childrenOf(pid int) []int {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid)) // the pattern is well-formed
	var pids []int
	for _, file := range files {
		text, _ := os.ReadFile(file)
		for _, word := range strings.Fields(string(text)) {
			if child, err := strconv.Atoi(word); err == nil {
				pids = append(pids, child)
			}
		}
	}
	return pids
}

// familyOf lists a process and everything below it, parents first.
func familyOf(pid int) []int {
	family := []int{pid}
	for i := 0; i < len(family); i++ {
		family = append(family, childrenOf(family[i])...)
	}
	return family
}

func commandLine(pid int) string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return strings.ReplaceAll(strings.TrimRight(string(text), "\x00"), "\x00", " ")
}

// sumField adds up the numbers of all lines of a /proc file whose name ends so.
func sumField(file, suffix string) int {
	f, err := os.Open(file)
	if err != nil {
		return 0 // the process has ended
	}
	defer f.Close()
	sum := 0
	for lines := bufio.NewScanner(f); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), ":")
		if fields := strings.Fields(value); strings.HasSuffix(name, suffix) && len(fields) > 0 {
			n, _ := strconv.Atoi(fields[0])
			sum += n
		}
	}
	return sum
}

// memoryOf is the resident and the proportional size of processes in KiB. Pages that several share count in
// each one's RSS, and once in the sum of their PSS.
func memoryOf(pids []int) (rss, pss int) {
	for _, pid := range pids {
		file := fmt.Sprintf("/proc/%d/smaps_rollup", pid)
		rss += sumField(file, "Rss")
		pss += sumField(file, "Pss")
	}
	return rss, pss
}

// switchesOf counts the context switches of all threads of processes so far: each is a wake-up, or an interruption of one.
func switchesOf(pids []int) int {
	sum := 0
	for _, pid := range pids {
		files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid)) // the pattern is well-formed
		for _, file := range files {
			sum += sumField(file, "ctxt_switches")
		}
	}
	return sum
}

// Package tree finds and signals the descendants of a process, whatever process group or session they have made their own.
package tree

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
)

// passes bounds how often /proc is read for one signal: a tree that grows faster than it can be read has no end.
const passes = 8

// Process is one process of a tree.
type Process struct {
	PID, Parent int
	Name        string // as in /proc/PID/stat, at most 15 bytes
	zombie      bool
}

// Signal sends sig once to every descendant of root, and reads /proc again until there is no new one: a process may fork
// between being listed and being signalled. Orphans that root has adopted are among them, and so is what has made a
// session of its own.
func Signal(root int, sig syscall.Signal, complain func(error)) {
	done := make(map[int]bool)
	for range passes {
		found := false
		for _, p := range Descendants(root) {
			if !done[p.PID] {
				done[p.PID], found = true, true
				complain(syscall.Kill(p.PID, sig))
			}
		}
		if !found {
			return
		}
	}
}

// Descendants lists the live processes below root, parents first. Without /proc there are none.
func Descendants(root int) []Process {
	if self, err := os.Readlink("/proc/self"); err != nil || self != strconv.Itoa(os.Getpid()) {
		return nil // the /proc of another pid namespace: its numbers are other processes here
	}
	children := make(map[int][]Process)
	for _, p := range processes("/proc") {
		children[p.Parent] = append(children[p.Parent], p)
	}
	var list []Process
	for queue := children[root]; len(queue) > 0; queue = queue[1:] {
		if !queue[0].zombie {
			list = append(list, queue[0])
		}
		queue = append(queue, children[queue[0].PID]...)
	}
	return list
}

// processes reads a /proc. Whatever ends meanwhile is left out.
func processes(dir string) []Process {
	folder, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer folder.Close()
	names, _ := folder.Readdirnames(-1)
	var list []Process
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			if text, err := os.ReadFile(dir + "/" + name + "/stat"); err == nil {
				if p, ok := parseStat(pid, text); ok {
					list = append(list, p)
				}
			}
		}
	}
	return list
}

// parseStat reads the beginning of /proc/PID/stat: pid (name) state parent. The name may hold anything, so its end is the last
// parenthesis (man 5 proc).
func parseStat(pid int, text []byte) (Process, bool) {
	begin, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	if begin < 0 || end < begin {
		return Process{}, false
	}
	fields := bytes.Fields(text[end+1:])
	if len(fields) < 2 {
		return Process{}, false
	}
	parent, err := strconv.Atoi(string(fields[1]))
	state := fields[0][0]
	return Process{PID: pid, Parent: parent, Name: string(text[begin+1 : end]), zombie: state == 'Z' || state == 'X'}, err == nil
}

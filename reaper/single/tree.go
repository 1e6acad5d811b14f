package single

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
)

// treePasses bounds how often /proc is read for one signal: a tree that grows faster than it can be read has no end.
const treePasses = 8

// process is one line of a tree.
type process struct {
	pid, parent int
	name        string // as in /proc/PID/stat, at most 15 bytes
	zombie      bool
}

// signalTree sends sig once to every descendant of root, and reads /proc again until there is no new one: a process may fork
// between being listed and being signalled. Orphans that root has adopted are among them, and so is what has made a
// session of its own.
func signalTree(root int, sig syscall.Signal, complain func(error)) {
	done := make(map[int]bool)
	for range treePasses {
		found := false
		for _, p := range descendants(root) {
			if !done[p.pid] {
				done[p.pid], found = true, true
				complain(syscall.Kill(p.pid, sig))
			}
		}
		if !found {
			return
		}
	}
}

// descendants lists the live processes below root, parents first. Without /proc there are none.
func descendants(root int) []process {
	children := make(map[int][]process)
	for _, p := range processes("/proc") {
		children[p.parent] = append(children[p.parent], p)
	}
	var list []process
	for queue := children[root]; len(queue) > 0; queue = queue[1:] {
		if !queue[0].zombie {
			list = append(list, queue[0])
		}
		queue = append(queue, children[queue[0].pid]...)
	}
	return list
}

// processes reads a /proc. Whatever ends meanwhile is left out.
func processes(dir string) []process {
	folder, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer folder.Close()
	names, _ := folder.Readdirnames(-1)
	var list []process
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
func parseStat(pid int, text []byte) (process, bool) {
	begin, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	if begin < 0 || end < begin {
		return process{}, false
	}
	fields := bytes.Fields(text[end+1:])
	if len(fields) < 2 {
		return process{}, false
	}
	parent, err := strconv.Atoi(string(fields[1]))
	state := fields[0][0]
	return process{pid: pid, parent: parent, name: string(text[begin+1 : end]), zombie: state == 'Z' || state == 'X'}, err == nil
}

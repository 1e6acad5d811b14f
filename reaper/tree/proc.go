package tree

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"unicode"
)

// Process is one process of a tree.
type Process struct {
	PID, Parent int
	Group       int    // its process group
	Name        string // as in /proc/PID/stat, at most 15 bytes, fit to be read
	zombie      bool
	stopped     bool
	started     uint64 // clock ticks since the machine's start; with PID it stands for one process and no later one
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
			if p, ok := read(dir, pid); ok {
				list = append(list, p)
			}
		}
	}
	return list
}

func read(dir string, pid int) (Process, bool) {
	text, err := os.ReadFile(dir + "/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return Process{}, false
	}
	return parseStat(pid, text)
}

// Places behind the name, from 0: of the number of threads, and of starttime.
const (
	threadsField = 17
	startField   = 19
)

// parseStat reads /proc/PID/stat: pid (name) state parent … starttime. The name may hold anything, so its end is the
// last parenthesis (man 5 proc).
func parseStat(pid int, text []byte) (Process, bool) {
	begin, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	if begin < 0 || end < begin {
		return Process{}, false
	}
	fields := bytes.Fields(text[end+1:])
	if len(fields) <= startField {
		return Process{}, false
	}
	parent, err := strconv.Atoi(string(fields[1]))
	group, badGroup := strconv.Atoi(string(fields[2]))
	started, badStart := strconv.ParseUint(string(fields[startField]), 10, 64)
	state := fields[0][0]
	// A main thread may end before the others, which then hold all it had.
	alone := len(fields[threadsField]) == 1 && fields[threadsField][0] <= '1'
	return Process{
		PID: pid, Parent: parent, Group: group, Name: Printable(string(text[begin+1 : end])),
		zombie: alone && (state == 'Z' || state == 'X'), stopped: state == 'T', started: started,
	}, err == nil && badGroup == nil && badStart == nil
}

// Printable puts a question mark for whatever is no letter, mark, number, sign or space: a process may give itself
// and its files names that a terminal obeys.
func Printable(name string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, name)
}

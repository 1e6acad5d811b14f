// Package proc reads what the kernel says of processes and sockets (man 5 proc), for scenarios and benches alike. It starts,
// signals and changes nothing, and it knows neither percore nor tests.
//
// Two kinds of readers stand here. Those that return an error are for a bench, whose figures are wrong when a process is
// gone. The others give nothing for a process that is gone: a scenario that waits looks again.
//
// Begin with Process in process.go. status.go has /proc/PID/status, stat.go and usage.go the times, socket.go the tables of
// TCP sockets.
package proc

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Process is one process at the moment of Read.
type Process struct {
	PID    int      // as seen from here
	Inside int      // in its own pid namespace
	Args   []string // none for a zombie, nor for the moment in which execve lays them out
	Status Fields
	Stat   Stat
}

// Read reads a process. It is an error when there is none with that pid.
func Read(pid int) (Process, error) {
	stat, err := ReadStat(pid)
	if err != nil {
		return Process{}, err
	}
	p := Process{PID: pid, Args: arguments(pid), Status: Status(pid), Stat: stat}
	ids := strings.Fields(p.Status["NSpid"])
	if len(ids) == 0 {
		return Process{}, fmt.Errorf("read process %d: it has ended", pid)
	}
	p.Inside, _ = strconv.Atoi(ids[len(ids)-1])
	return p, nil
}

// arguments splits the words of a command line, of which each ends with a zero.
func arguments(pid int) []string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if len(text) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(text), "\x00"), "\x00")
}

// Command is the command line with a space between two words.
func (p Process) Command() string { return strings.Join(p.Args, " ") }

// Argument is a word of the command line; empty where there are not so many.
func (p Process) Argument(i int) string {
	if i >= len(p.Args) {
		return ""
	}
	return p.Args[i]
}

// UID is the number of the effective user.
func (p Process) UID() string { return p.Status.word("Uid", 1) }

// String is the process as a failing test shows it.
func (p Process) String() string {
	return fmt.Sprintf("%d (%d from here: %s, %s, uid %s) %s", p.Inside, p.PID, p.Status["Name"], p.Stat.State, p.UID(), p.Command())
}

// Lives reports whether this very process is still there, be it as a zombie: its pid may be another's by now.
func (p Process) Lives() bool {
	now, err := ReadStat(p.PID)
	return err == nil && now.Started == p.Stat.Started
}

// CommandLine is the command line of a process, as Command has it.
func CommandLine(pid int) string { return Process{Args: arguments(pid)}.Command() }

// Executable is the path of the file that a process executes; empty for a zombie.
func Executable(pid int) string {
	path, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	return path
}

// Children lists the processes whose parent is pid, zombies too, whichever of its threads forked them.
func Children(pid int) []int {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid)) // the pattern is well-formed
	var list []int
	for _, file := range files {
		text, _ := os.ReadFile(file)
		for word := range strings.FieldsSeq(string(text)) {
			if child, err := strconv.Atoi(word); err == nil {
				list = append(list, child)
			}
		}
	}
	return list
}

// Family lists a process and everything below it, parents first.
func Family(pid int) []int {
	family := []int{pid}
	for i := 0; i < len(family); i++ {
		family = append(family, Children(family[i])...)
	}
	return family
}

// ReadAll reads the processes that are still there.
func ReadAll(pids []int) []Process {
	var list []Process
	for _, pid := range pids {
		if p, err := Read(pid); err == nil {
			list = append(list, p)
		}
	}
	return list
}

// Namespace names the pid namespace that a process is in; empty when it is gone. The kernel may give the name again once
// the namespace is gone: an open /proc/PID/ns/pid prevents that.
func Namespace(pid int) string {
	name, _ := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", pid))
	return name
}

// In lists the processes of a pid namespace, zombies too.
func In(namespace string) []Process {
	return ReadAll(having("ns/pid", namespace))
}

// Executing lists the processes that execute a file. Zombies execute none.
func Executing(file string) []int { return having("exe", file) }

// having lists the processes of which a link below /proc/PID leads to a target.
func having(link, target string) []int {
	links, _ := filepath.Glob("/proc/[0-9]*/" + link)
	var list []int
	for _, path := range links {
		if to, err := os.Readlink(path); err != nil || to != target {
			continue
		}
		pid, _ := strconv.Atoi(strings.Split(path, "/")[2])
		list = append(list, pid)
	}
	return list
}

package stack

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// process is what the kernel tells about a process of a container, seen from the host (man 5 proc_pid_status).
type process struct {
	pid        int    // the host's number for it
	inside     int    // the container's
	command    string // the arguments, separated by spaces; empty for a zombie
	state      string // R, S, Z …
	uid        string // the effective one
	noNewPrivs bool
}

func (p process) String() string {
	return fmt.Sprintf("%d (%d on the host) %s uid %s: %s", p.inside, p.pid, p.state, p.uid, p.command)
}

func (p process) isWorker() bool    { return strings.Contains(p.command, "--port=") }
func (p process) isFrontDoor() bool { return strings.HasSuffix(p.command, "percore front") }
func (p process) isZombie() bool    { return p.state == "Z" }

// listens says whether the port of a worker accepts connections (man 5 proc_pid_net: addresses are in hexadecimal, the
// host's byte order for the IP, and 0A is LISTEN).
func (p process) listens() bool {
	_, argument, _ := strings.Cut(p.command, "--port=")
	port, err := strconv.Atoi(strings.Fields(argument + " none")[0])
	if err != nil {
		return false
	}
	table, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/tcp", p.pid))
	return err == nil && strings.Contains(string(table), fmt.Sprintf(":%04X 00000000:0000 0A ", port))
}

// first is the container's PID 1.
func (c *container) first() process {
	c.t.Helper()
	pid, err := strconv.Atoi(c.inspect("{{.State.Pid}}"))
	if err != nil {
		c.t.Fatal(err)
	}
	p, err := readProcess(pid)
	if err != nil {
		c.t.Fatal(err)
	}
	return p
}

// children are the processes whose parent is p, zombies included.
func (p process) children(t *testing.T) []process {
	t.Helper()
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", p.pid))
	if err != nil {
		t.Fatal(err)
	}
	var found []process
	for _, task := range tasks { // a child belongs to the thread that made it
		list, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", p.pid, task.Name()))
		if err != nil {
			continue // the thread has just ended
		}
		for _, word := range strings.Fields(string(list)) {
			pid, _ := strconv.Atoi(word)
			if child, err := readProcess(pid); err == nil { // else it has just ended
				found = append(found, child)
			}
		}
	}
	return found
}

// those are the children of a kind.
func (p process) those(t *testing.T, kind func(process) bool) []process {
	t.Helper()
	return slices.DeleteFunc(p.children(t), func(child process) bool { return !kind(child) })
}

// frontDoor is the one front door, once there is one.
func (p process) frontDoor(t *testing.T) process {
	t.Helper()
	var found []process
	eventually(t, startTime, func() error {
		found = p.those(t, process.isFrontDoor)
		if len(found) != 1 {
			return fmt.Errorf("front doors: got %v, want one", found)
		}
		return nil
	})
	return found[0]
}

func readProcess(pid int) (process, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return process{}, err
	}
	command, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return process{}, err
	}
	p := process{pid: pid, command: strings.TrimSpace(strings.ReplaceAll(string(command), "\x00", " "))}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		words := strings.Fields(value)
		switch name {
		case "State":
			p.state = words[0]
		case "Uid":
			p.uid = words[1]
		case "NoNewPrivs":
			p.noNewPrivs = words[0] == "1"
		case "NSpid":
			p.inside, _ = strconv.Atoi(words[len(words)-1])
		}
	}
	return p, nil
}

// needRoot skips a scenario that sends signals into a container from outside.
func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: to kill processes of a container from outside takes root")
	}
}

package stack

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"percore/e2e/proc"
	"percore/e2e/rig"
)

func isWorker(p proc.Process) bool    { return strings.Contains(p.Command(), "--port=") }
func isFrontDoor(p proc.Process) bool { return strings.HasSuffix(p.Command(), "percore front") }
func isZombie(p proc.Process) bool    { return p.Stat.State == "Z" }

// listens reports whether the port of a worker accepts connections in the container's network.
func listens(p proc.Process) bool {
	_, argument, _ := strings.Cut(p.Command(), "--port=")
	port, err := strconv.Atoi(strings.Fields(argument + " none")[0])
	return err == nil && slices.ContainsFunc(proc.Sockets(p.PID), func(s proc.Socket) bool { return s.Listening && s.Port == port })
}

// first is the container's PID 1, with its number on the host.
func (c *container) first() proc.Process {
	c.t.Helper()
	pid, err := strconv.Atoi(c.inspect("{{.State.Pid}}"))
	if err != nil {
		c.t.Fatal(err)
	}
	p, err := proc.Read(pid)
	if err != nil {
		c.t.Fatal(err)
	}
	return p
}

// children are the processes of a kind whose parent is p, zombies included.
func children(p proc.Process, kind func(proc.Process) bool) []proc.Process {
	return slices.DeleteFunc(proc.ReadAll(proc.Children(p.PID)), func(child proc.Process) bool { return !kind(child) })
}

// frontDoor is the one front door, once there is one.
func frontDoor(t *testing.T, first proc.Process) proc.Process {
	t.Helper()
	var found []proc.Process
	rig.Eventually(t, startTime, func() error {
		found = children(first, isFrontDoor)
		if len(found) != 1 {
			return fmt.Errorf("front doors: got %v, want one", found)
		}
		return nil
	})
	return found[0]
}

// needRoot skips a scenario that sends signals into a container from outside.
func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: to kill processes of a container from outside takes root")
	}
}

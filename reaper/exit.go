package reaper

import (
	"fmt"
	"syscall"
	"time"
)

// signalStatusBase is what shells, tini and Docker add to a signal's number to make an exit code of it.
const signalStatusBase = 128

// Exit is how one process ended, as wait4 told it (man 2 wait4).
type Exit struct {
	PID    int
	Code   int            // exit code 0 to 255; 0 when a signal killed the process
	Signal syscall.Signal // the signal that killed the process; 0 when it exited by itself
	Core   bool           // whether the kernel wrote a core dump
	At     time.Time      // when it was reaped
	Uptime time.Duration  // from the fork to the reaping, on the monotonic clock

	// Leftovers names what it had left behind, and was ended before this was reported (Spec.KillLeftovers): "77
	// (sleep)"; empty is nothing.
	Leftovers string
}

func newExit(pid int, status syscall.WaitStatus, started time.Time) Exit {
	e := Exit{PID: pid, At: time.Now()}
	e.Uptime = e.At.Sub(started)
	if status.Signaled() {
		e.Signal, e.Core = status.Signal(), status.CoreDump()
		return e
	}
	e.Code = status.ExitStatus()
	return e
}

// Status is the exit code a shell would report: the process's own code, or 128+n when signal n killed it.
func (e Exit) Status() int {
	if e.Signal != 0 {
		return signalStatusBase + int(e.Signal)
	}
	return e.Code
}

// String says in words how the process ended, for example "exited with code 3" or
// "killed by SIGSEGV (core dumped)".
func (e Exit) String() string {
	switch {
	case e.Signal == 0:
		return fmt.Sprintf("exited with code %d", e.Code)
	case e.Core:
		return "killed by " + SignalName(e.Signal) + " (core dumped)"
	default:
		return "killed by " + SignalName(e.Signal)
	}
}

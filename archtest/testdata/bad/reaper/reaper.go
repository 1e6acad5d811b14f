// Package reaper polls and has an init function.
package reaper

import (
	"os/exec"
	"syscall"
)

// Run may kill, but not poll.
func Run() error {
	if _, err := syscall.EpollCreate1(0); err != nil {
		return syscall.Kill(1, 0)
	}
	return exec.Command("true").Run()
}

func init() {}

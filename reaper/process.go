package reaper

import (
	"os"
	"syscall"
	"time"

	"percore/reaper/tree"
)

// Process is one child. Its methods are safe from any goroutine except inside Spec.Exited.
type Process struct {
	pid     int
	started time.Time
	exited  func(Exit)
	signal  func(syscall.Signal) error

	killLeftovers, killTree bool // as in Spec
}

// NewProcess makes a process that the kernel does not know, for tests that fake the fork; signal receives
// what Signal is given.
func NewProcess(pid int, signal func(syscall.Signal) error) *Process {
	return &Process{pid: pid, started: time.Now(), signal: signal}
}

// PID is the child's process id, and its process group's.
func (p *Process) PID() int { return p.pid }

// Signal sends sig to the child's whole process group (man 2 kill). Once the child was reaped it gives
// os.ErrProcessDone and sends nothing: the number may belong to another process by then.
func (p *Process) Signal(sig syscall.Signal) error { return p.signal(sig) }

// Stop is Signal for one that asks the child to end. A child that is stopped (man 7 signal, SIGSTOP) would not hear it, so
// SIGCONT follows, as systemd and s6 do it.
func (p *Process) Stop(sig syscall.Signal) error {
	err := p.signal(sig)
	if err == nil {
		_ = p.signal(syscall.SIGCONT) // it may have ended by now
	}
	return err
}

// send signals the group. Where the tree is asked for, SIGKILL reaches it first, while the leader still shows who belongs to it.
func (p *Process) send(sig syscall.Signal) error {
	if p.killTree && sig == syscall.SIGKILL {
		tree.Signal(p.pid, sig, func(error) {}) // one that has gone meanwhile, or is another user's
	}
	return killGroup(p.pid, sig)
}

// killGroup runs on the reaper's goroutine, so that the leader cannot be reaped in between. EPERM means
// that somebody in the group changed its user; the rest of the group did get the signal.
func killGroup(pid int, sig syscall.Signal) error {
	switch err := syscall.Kill(-pid, sig); err {
	case nil:
		return nil
	case syscall.ESRCH:
		return os.ErrProcessDone
	default:
		return os.NewSyscallError("kill", err)
	}
}

package reaper

import (
	"os"
	"syscall"
	"time"

	"percore/reaper/tree"
)

// Process is one child. Its methods are safe from any goroutine except inside Spec.Exited.
type Process struct {
	pid          int
	started      time.Time
	spec         Spec
	signal, stop func(syscall.Signal) error

	// The rest belongs to the reaper's goroutine.
	stopSignal syscall.Signal // that it was asked to end with; 0 is not
	left       *leftovers     // nil as long as it lives and has not been killed
}

// NewProcess makes a process that the kernel does not know, for tests that fake the fork; signal receives
// what Signal and Stop are given.
func NewProcess(pid int, signal func(syscall.Signal) error) *Process {
	return &Process{pid: pid, started: time.Now(), signal: signal, stop: signal}
}

// PID is the child's process id, and its process group's.
func (p *Process) PID() int { return p.pid }

// Signal sends sig to the child's whole process group (man 2 kill), and SIGKILL to all that is to end with it (Spec).
// When the child has ended and something is left of it, SIGKILL goes to that. Once all is gone it gives
// os.ErrProcessDone and sends nothing: the number may belong to another process by then.
func (p *Process) Signal(sig syscall.Signal) error { return p.signal(sig) }

// Stop asks the child to end, with sig: the child alone, or its whole group where Spec.StopAsGroup says so. What it
// leaves when it has ended is asked in the same way then. A child that is stopped (man 7 signal, SIGSTOP) would not
// hear it, so SIGCONT follows, as systemd and s6 do it.
func (p *Process) Stop(sig syscall.Signal) error { return p.stop(sig) }

// Members lists the child and what it has started, as far as it lives; of a child without Spec.KillDescendants, its
// process group.
func (p *Process) Members() []int {
	c, _ := p.family().members()
	pids := []int{p.pid}
	for _, member := range c.members {
		if member.PID != p.pid {
			pids = append(pids, member.PID)
		}
	}
	return pids
}

// sendStop is Stop on the reaper's goroutine, so that the child cannot be reaped in between.
func (p *Process) sendStop(sig syscall.Signal) error {
	to := p.pid
	if p.spec.StopAsGroup {
		to = -p.pid
	}
	p.stopSignal = sig
	err := signalError(syscall.Kill(to, sig))
	if err == nil {
		_ = syscall.Kill(to, syscall.SIGCONT)
	}
	return err
}

// send signals the group. SIGKILL reaches what is to end with the child in other groups first, while its parents
// still show what belongs to it.
func (p *Process) send(sig syscall.Signal) error {
	if sig == syscall.SIGKILL {
		p.stopSignal = 0
		if p.spec.KillTree {
			tree.Signal(p.pid, sig, func(error) {}) // one that has gone meanwhile, or is another user's
		}
		if p.spec.KillDescendants {
			// What is on its way to its end may not show any more whose it is.
			p.left = &leftovers{process: p, family: p.family()}
			p.left.begin(sig)
		}
	}
	return killGroup(p.pid, sig)
}

// family is what the child has started.
func (p *Process) family() family { return family{leader: p.pid, mark: p.spec.mark} }

// killGroup runs on the reaper's goroutine, so that the leader cannot be reaped in between. EPERM means
// that a process of the group changed its user; the rest of the group did get the signal.
func killGroup(pid int, sig syscall.Signal) error { return signalError(syscall.Kill(-pid, sig)) }

func signalError(err error) error {
	switch err {
	case nil:
		return nil
	case syscall.ESRCH:
		return os.ErrProcessDone
	default:
		return os.NewSyscallError("kill", err)
	}
}

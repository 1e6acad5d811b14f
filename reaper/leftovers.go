package reaper

import (
	"errors"
	"syscall"
	"time"
	"unsafe"
)

// groupEndMax is how long an end is held back for the rest of its process group: after SIGKILL a process is
// gone within milliseconds, unless the kernel holds on to it (state D).
const groupEndMax = time.Second

// heldExit is the end of a child whose process group is not empty yet.
type heldExit struct {
	exit   Exit
	exited func(Exit)
	until  time.Time
}

// killLeftovers ends what is left of a dead child's process group. The child is still a zombie, which keeps
// its number from being given to another process, let alone another group.
func (r *Reaper) killLeftovers(pid int) {
	if p, known := r.processes[pid]; known && p.killLeftovers {
		_ = syscall.Kill(-pid, syscall.SIGKILL) // EPERM: a process of another user, which is none of ours to kill
	}
}

// report hands an end to its owner: at once, or when the last process of the group is gone, so that whoever
// starts the next child finds the port free.
func (r *Reaper) report(p *Process, e Exit) {
	if p.exited == nil {
		return
	}
	if !p.killLeftovers || !groupLives(e.PID) {
		p.exited(e)
		return
	}
	e.Leftovers = true
	r.held[e.PID] = heldExit{exit: e, exited: p.exited, until: time.Now().Add(groupEndMax)}
	if r.overdue == nil {
		r.overdue = time.After(groupEndMax)
	}
}

// releaseHeld reports the ends whose groups are empty by now. A process of the group is adopted when its
// parent dies, so its own end wakes the reaper. A number that was given away meanwhile only costs time.
func (r *Reaper) releaseHeld() {
	for pid, h := range r.held {
		if !groupLives(pid) {
			delete(r.held, pid)
			h.exited(h.exit)
		}
	}
}

// releaseOverdue reports the ends that have waited long enough, and sets the clock for the rest.
func (r *Reaper) releaseOverdue() {
	r.releaseHeld()
	r.overdue = nil
	next := groupEndMax
	for pid, h := range r.held {
		if wait := time.Until(h.until); wait > 0 {
			next = min(next, wait)
			r.overdue = time.After(next)
			continue
		}
		delete(r.held, pid)
		r.log.Warn("processes outlive SIGKILL", "process_group", pid)
		h.exited(h.exit)
	}
}

// groupLives says whether some process, or zombie, is in the group. EPERM is a yes (man 2 kill).
func groupLives(pgid int) bool {
	return !errors.Is(syscall.Kill(-pgid, 0), syscall.ESRCH)
}

// siginfo is as much of siginfo_t as waitid fills in (man 2 sigaction); the union begins aligned to a pointer.
type siginfo struct {
	_   [3]int32 // signo, errno and code
	_   [unsafe.Sizeof(uintptr(0)) - 4]byte
	pid int32
	_   [116]byte
}

// Arguments of waitid that package syscall does not name (linux/wait.h).
const (
	pAll    = 0
	wExited = 0x4
	wNowait = 0x01000000
)

// deadChild gives a child that can be reaped and leaves it a zombie; 0 when there is none (man 2 waitid).
func deadChild() (int, error) {
	var info siginfo
	for {
		_, _, errno := syscall.Syscall6(syscall.SYS_WAITID, pAll, 0, uintptr(unsafe.Pointer(&info)),
			wExited|wNowait|syscall.WNOHANG, 0, 0)
		switch errno {
		case 0:
			return int(info.pid), nil
		case syscall.EINTR:
		case syscall.ECHILD:
			return 0, nil
		default:
			return 0, errno
		}
	}
}

// reap takes a dead child's status.
func reap(pid int) (syscall.WaitStatus, error) {
	var status syscall.WaitStatus
	for {
		_, err := syscall.Wait4(pid, &status, syscall.WNOHANG, nil)
		if !errors.Is(err, syscall.EINTR) {
			return status, err
		}
	}
}

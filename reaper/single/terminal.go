package single

import (
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"

	"percore/reaper/entry"
)

// terminal is the controlling terminal (man 7 credentials, man 4 tty_ioctl). A nil one is none, and nothing is done
// to it.
type terminal struct {
	fd    int
	own   int           // the process group of percore; 0 if that is outside of the pid namespace
	modes *unix.Termios // as they were when the child got the terminal; nil while it has not
}

// openTerminal finds the controlling terminal: only of that one does the kernel tell the foreground group.
func openTerminal() *terminal {
	own := syscall.Getpgrp()
	for fd := range 3 {
		if _, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP); err == nil {
			return &terminal{fd: fd, own: own}
		}
	}
	fd, err := syscall.Open("/dev/tty", syscall.O_RDWR|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	return &terminal{fd: fd, own: own}
}

// foreground is the process group that reads from the terminal; -1 if the terminal is gone.
func (t *terminal) foreground() int {
	pgrp, err := unix.IoctlGetInt(t.fd, unix.TIOCGPGRP)
	if err != nil {
		return -1
	}
	return pgrp
}

// wanted reports whether the child starts in the foreground. It does if percore is there, unless percore writes into
// a pipe: what reads from that is in percore's group and may need the terminal, as a pager does. The child can have
// it later still.
func (t *terminal) wanted() bool {
	if t == nil || t.foreground() != t.own {
		return false
	}
	if _, err := unix.IoctlGetTermios(1, unix.TCGETS); err != nil && os.Getpid() != 1 {
		return false
	}
	t.keepModes()
	return true
}

func (t *terminal) keepModes() {
	if t.modes == nil {
		t.modes, _ = unix.IoctlGetTermios(t.fd, unix.TCGETS)
	}
}

// lend gives the child's group the foreground if percore has it, or no group has: the group that had it may be gone.
func (t *terminal) lend(group int) bool {
	if t == nil {
		return false
	}
	now := t.foreground()
	if now == group || now == -1 || now != t.own && lives(now) {
		return false
	}
	t.keepModes()
	return t.give(group)
}

// takeBack gives percore's own group the foreground again after the child's end, so that the shell that started
// percore finds the terminal as it was. One that a signal has killed could not restore the terminal's modes either.
func (t *terminal) takeBack(group int, killed bool) {
	if t == nil || t.modes == nil {
		return
	}
	now := t.foreground()
	if now != group && now != t.own && lives(now) {
		return // another group has it by now
	}
	if now != t.own {
		t.give(t.own)
	}
	if killed {
		withoutTTOU(func() { _ = unix.IoctlSetTermios(t.fd, unix.TCSETS, t.modes) })
	}
}

func (t *terminal) give(group int) (ok bool) {
	withoutTTOU(func() { ok = unix.IoctlSetPointerInt(t.fd, unix.TIOCSPGRP, group) == nil })
	return ok
}

// withoutTTOU does what a background process is stopped for, unless it blocks SIGTTOU (man 3 tcsetpgrp).
func withoutTTOU(do func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := entry.SetMask(1 << (syscall.SIGTTOU - 1))
	do()
	entry.SetMask(before)
}

// lives reports whether a process group has a member.
func lives(group int) bool { return group > 0 && syscall.Kill(-group, 0) != syscall.ESRCH }

package reaper

import (
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// bequeath gives the forking thread what the child is to inherit from it, and returns what gives the thread its own
// back.
//
// The affinity is the thread's alone, and Go makes no thread out of one that a goroutine is locked to
// (runtime.LockOSThread), so no other thread gets it. The umask is the whole process's (man 2 clone, CLONE_FS; to
// leave that takes CAP_SYS_ADMIN): a file that another thread makes meanwhile must not depend on it. Nor is the mark
// the thread's own.
//
// NoNewPrivs is the thread's too, but nothing takes it back: see confined.
func (s Spec) bequeath() (restore func()) {
	unpin, unmark := pin(s.CPUs), s.mark.bequeath()
	if s.Umask == nil {
		return func() { unmark(); unpin() }
	}
	before := syscall.Umask(*s.Umask)
	return func() {
		syscall.Umask(before)
		unmark()
		unpin()
	}
}

// pin moves the calling thread to these CPUs (man 2 sched_setaffinity). Where the kernel does not let it, because an
// operator has changed the container's set since, it stays where it is: a child in another place is better than none.
func pin(cpus []int) (unpin func()) {
	var before, wanted unix.CPUSet
	if len(cpus) == 0 || unix.SchedGetaffinity(0, &before) != nil {
		return func() {}
	}
	for _, cpu := range cpus {
		wanted.Set(cpu)
	}
	if unix.SchedSetaffinity(0, &wanted) != nil {
		return func() {}
	}
	return func() { _ = unix.SchedSetaffinity(0, &before) } // it was allowed a moment ago
}

// confined is a second forking thread, for children that no program they execute can give new privileges (man 2
// prctl, PR_SET_NO_NEW_PRIVS). A thread gives them up for good, with all that it forks, so it cannot be the one that
// forks the others. It lives as long as the process: a child's parent-death signal comes when the thread that forked
// it ends.
type confined chan func()

func newConfined() confined {
	c := make(confined)
	go c.run()
	return c
}

// run ends with the process.
func (c confined) run() {
	runtime.LockOSThread()
	for call := range c {
		call()
	}
}

func (c confined) fork(s Spec) (pid int, err error) {
	done := make(chan struct{})
	c <- func() {
		defer close(done)
		if err = os.NewSyscallError("prctl", unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)); err == nil {
			pid, err = fork(s)
		}
	}
	<-done
	return pid, err
}

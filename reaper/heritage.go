package reaper

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// bequeath gives the forking thread what the child is to inherit from it, and returns what gives the thread its own back.
//
// The affinity is the thread's alone, and Go makes no thread out of one that a goroutine is locked to (runtime.LockOSThread), so
// nobody else gets it. The umask is the whole process's (man 2 clone, CLONE_FS; to leave that takes CAP_SYS_ADMIN): a file
// that another thread makes meanwhile must not depend on it. Nor is the mark the thread's own.
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

// pin moves the calling thread to these CPUs (man 2 sched_setaffinity). Where the kernel does not let it, because somebody has
// changed the container's set since, it stays where it is: a child in another place is better than none.
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

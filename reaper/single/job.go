package single

import (
	"os"
	"runtime"
	"syscall"
	"time"

	"percore/reaper/entry"
	"percore/reaper/tree"
)

// childStopped does what a shell expects of a job, or helps a child that has no shell above it.
//
// A child that wants the terminal gets it if it is percore's to give. Otherwise percore stops as its child did, with
// all its group, so that a shell that waits for percore takes the terminal back. Where nothing could continue percore
// (it is PID 1, or its group is orphaned) it does not stop; Ctrl-Z has no effect then, as on a child without an init,
// whose stop the kernel would not have allowed.
func (r *runner) childStopped(sig syscall.Signal) {
	r.stopped = true
	asked := r.asked.explains(sig, time.Now())
	switch sig {
	case syscall.SIGTTIN, syscall.SIGTTOU:
		if !asked && r.term.lend(r.child) {
			r.proceed()
			return
		}
	case syscall.SIGTSTP:
	default:
		return // SIGSTOP: its sender wants that child stopped, and will continue it
	}
	if r.term == nil && !asked || r.stopAlong(sig) {
		return
	}
	if sig == syscall.SIGTSTP && !asked {
		r.proceed()
	}
}

// stopWait is how long another thread may take to note the SIGCONT that has woken this one too.
const stopWait = 50 * time.Millisecond

// contWait is how long percore listens for the SIGCONT that has woken it together with the child's stop: the thread
// that took it may note it later than another one hears of the child. This narrows the window and cannot close it.
const contWait = 5 * time.Millisecond

// stopAlong stops percore's process group by sig and returns when it goes on. False means that the kernel did not
// stop it, as nothing is there to continue it. The SIGCONT is still to come from r.signals; where it has come
// already, before percore heard of the child's stop, nothing is stopped: there may be no other.
//
// The group is signalled first, while percore still catches sig. What then stops percore is sent to this thread
// alone, which takes it before the call returns; another thread could be late, and find it caught again.
func (r *runner) stopAlong(sig syscall.Signal) bool {
	if os.Getpid() == 1 {
		return false
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if r.signals.Soon(syscall.SIGCONT, 1, contWait) {
		return true
	}
	_ = syscall.Kill(0, sig)
	_ = entry.Set(sig, entry.Default)
	_ = syscall.Tgkill(os.Getpid(), syscall.Gettid(), sig)
	_ = entry.Set(sig, entry.Caught)
	return r.signals.Soon(syscall.SIGCONT, 1, stopWait)
}

// resume answers SIGCONT for a child that is stopped: all of its group was, so all of it goes on, and the whole tree
// where that is what signals go to. A shell that has put percore in the foreground means the child.
func (r *runner) resume() bool {
	if !r.stopped {
		return false
	}
	if r.term != nil && r.term.foreground() == r.term.own {
		r.term.give(r.child)
	}
	if r.Tree && tree.Signal(os.Getpid(), syscall.SIGCONT, r.complain) {
		r.stopped, r.asked = false, request{}
		return true
	}
	r.proceed()
	return true
}

func (r *runner) proceed() {
	r.stopped, r.asked = false, request{}
	r.complain(syscall.Kill(-r.child, syscall.SIGCONT))
}

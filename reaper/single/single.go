package single

import (
	"fmt"
	"runtime"
	"syscall"
	"time"

	"percore/reaper"
	"percore/reaper/catch"
	"percore/reaper/entry"
)

// needsThread reports whether the goroutine has to stay on its thread: a mask is a thread's own, as is what
// NoNewPrivs sets, and Pdeathsig is tied to its life. Otherwise it is better not asked for, because the runtime then
// starts one more, to start others from.
func (o Options) needsThread() bool {
	return o.Inherited.Mask != 0 || o.Pdeathsig != 0 || o.NoNewPrivs || o.needsShim()
}

// Run runs the command and returns the exit code: the child's own, 128+n when signal n ended it, 126 or 127 when it
// could not be run, each after Remap. It keeps the thread that it was called on where the Options need it.
func Run(o Options) int {
	if o.needsThread() {
		runtime.LockOSThread()
	}
	if err := reaper.Subreaper(); err != nil {
		fmt.Fprintln(o.Stderr, "percore: orphans go to another process:", err)
	}
	signals, err := catch.All()
	if err != nil {
		fmt.Fprintln(o.Stderr, "percore:", err)
		return codeInternal
	}
	r := &runner{Options: o, signals: signals, term: openTerminal()}
	if r.child, err = r.start(); err != nil {
		r.term.takeBack(0, false) // it was given away before the exec that failed
		fmt.Fprintln(o.Stderr, "percore:", err)
		return r.remap(exitCode(err))
	}
	entry.SetMask(0) // from here on signals come, those first that were held back
	r.deliverReleased()
	end, err := r.follow()
	if err != nil {
		fmt.Fprintln(o.Stderr, "percore:", err)
		return codeInternal
	}
	r.term.takeBack(r.child, end.Signaled())
	r.child = 0
	if r.WaitAll {
		r.waitForOthers()
	}
	return r.remap(statusCode(end))
}

// follow lives along with the child until its end.
func (r *runner) follow() (syscall.WaitStatus, error) {
	for {
		sig, _, err := r.signals.Next(time.Time{})
		if err != nil {
			return 0, err
		}
		if !sig.OfChild() {
			r.obey(sig)
			continue
		}
		if status, ended := r.reap(); ended {
			return status, nil
		}
	}
}

// reap takes every status that the kernel has. It says how the child ended, if it did.
func (r *runner) reap() (end syscall.WaitStatus, ended bool) {
	for {
		var status syscall.WaitStatus
		pid, err := wait(&status, syscall.WNOHANG|syscall.WUNTRACED|syscall.WCONTINUED)
		switch {
		case err == syscall.EINTR:
		case err != nil || pid == 0:
			return end, ended
		case pid != r.child || ended: // an orphan, even if it has been given the child's number already
		case status.Stopped():
			r.childStopped(status.StopSignal())
		case status.Continued():
			r.stopped, r.asked = false, request{}
		default:
			end, ended = status, true
		}
	}
}

// statusCode is the exit code that a shell would report.
func statusCode(status syscall.WaitStatus) int {
	if status.Signaled() {
		return reaper.Exit{Signal: status.Signal()}.Status()
	}
	return status.ExitStatus()
}

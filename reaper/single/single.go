package single

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"syscall"
	"time"
	"unsafe"

	"percore/reaper"
	"percore/reaper/catch"
	"percore/reaper/entry"
)

// codeInternal is the exit code for a fault of percore (EX_SOFTWARE of sysexits(3)).
const codeInternal = 70

// Options say what to run and in which ways percore is to be noticed after all.
type Options struct {
	Args      []string           // the command, at least one word
	Inherited entry.Inherited    // the child's world
	Stderr    io.Writer          // for what went wrong; nothing else is said
	Release   func() []os.Signal // gives signals that were caught before Run, after which no others are, if the entry did not hold them back; may be nil

	Rewrite map[syscall.Signal]syscall.Signal // what a signal becomes on its way to the child; 0 drops it
	Group   bool                              // signals go to the child's process group
	Tree    bool                              // signals go to every descendant, whatever its session

	NoNewPrivs  bool           // the child gets no privileges by what it executes (man 2 prctl)
	Pdeathsig   syscall.Signal // what the child gets when percore dies; 0 is nothing
	WaitAll     bool           // when the child has ended, TERM the others and wait for them
	StopTimeout time.Duration  // until they are killed
	Remap       map[int]int    // exit codes that become others

	// ShimEntry is put before a word of the shim's own, and the result into the environment of percore when it starts
	// itself on the way to the child: see shim.go.
	ShimEntry string
}

// needsThread reports whether the goroutine has to stay on its thread: a mask is a thread's own, as is what
// NoNewPrivs sets, and Pdeathsig is tied to its life. Otherwise it is better not asked for, because the runtime then
// starts one more, to start others from.
func (o Options) needsThread() bool {
	return o.Inherited.Mask != 0 || o.Pdeathsig != 0 || o.NoNewPrivs || o.needsShim()
}

// runner is one Run.
type runner struct {
	Options
	signals *catch.Catcher
	child   int // its pid, and its group's; 0 before the fork and after the end
	term    *terminal
	stopped bool      // the child is stopped
	asked   request   // the latest stop that was sent through us: it has to last
	denied  bool      // EPERM has been reported
	left    time.Time // when the first signal of the latest stop came; see leaving
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

// wait is wait4(2) for any child, past the Go scheduler: with WNOHANG it does not block.
func wait(status *syscall.WaitStatus, options int) (pid int, err error) {
	n, _, errno := syscall.RawSyscall6(syscall.SYS_WAIT4, ^uintptr(0), uintptr(unsafe.Pointer(status)), uintptr(options), 0, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// statusCode is the exit code that a shell would report.
func statusCode(status syscall.WaitStatus) int {
	if status.Signaled() {
		return reaper.Exit{Signal: status.Signal()}.Status()
	}
	return status.ExitStatus()
}

func (r *runner) remap(code int) int {
	if other, mapped := r.Remap[code]; mapped {
		return other
	}
	return code
}

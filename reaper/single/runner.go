package single

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"
	"unsafe"

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

// request is a signal that stops, sent through percore. A child may handle it and not stop; so it explains only a
// stop that follows soon.
type request struct {
	sig syscall.Signal
	at  time.Time
}

// requestMax is how long a child may take to tidy up before it stops, as editors do.
const requestMax = time.Second

func (q request) explains(stop syscall.Signal, now time.Time) bool {
	return q.sig == stop && now.Sub(q.at) <= requestMax
}

// rewritten is what becomes of a signal on its way; 0 is nothing.
func (r *runner) rewritten(sig syscall.Signal) syscall.Signal {
	if to, mapped := r.Rewrite[sig]; mapped {
		return to
	}
	return sig
}

// complain says once that a signal did not arrive; a process that is gone needs none.
func (r *runner) complain(err error) {
	if err == nil || errors.Is(err, syscall.ESRCH) || r.denied {
		return
	}
	r.denied = true
	fmt.Fprintln(r.Stderr, "percore: a signal did not reach the child:", os.NewSyscallError("kill", err))
}

func (r *runner) remap(code int) int {
	if other, mapped := r.Remap[code]; mapped {
		return other
	}
	return code
}

// wait is wait4(2) for any child, past the Go scheduler: with WNOHANG it does not block.
func wait(status *syscall.WaitStatus, options int) (pid int, err error) {
	n, _, errno := syscall.RawSyscall6(syscall.SYS_WAIT4, ^uintptr(0), uintptr(unsafe.Pointer(status)), uintptr(options), 0, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

const allSignals = ^uint64(0)

func bit(sig syscall.Signal) uint64 { return 1 << (sig - 1) }

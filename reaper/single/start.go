package single

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"percore/reaper"
	"percore/reaper/catch"
	"percore/reaper/entry"
)

// A start that fails because the machine is short of something, or because the program's file is being written, is
// tried again after pauses that double, two and a half seconds in all.
const (
	startTries = 8
	firstPause = 10 * time.Millisecond
)

// start forks the child. Meanwhile signals are held back or wait in the pipe, and they are delivered afterwards.
func (r *runner) start() (pid int, err error) {
	spec := r.spec()
	err = insist(r.Stderr, func() error {
		pid, err = r.fork(spec)
		return err
	})
	return pid, err
}

// insist calls start until it succeeds or there is no point in trying again.
func insist(stderr io.Writer, start func() error) error {
	for pause := firstPause; ; pause *= 2 {
		err := start()
		var failure *reaper.SpawnError
		if err == nil || !errors.As(err, &failure) || !failure.Retriable() || pause >= firstPause<<startTries {
			return err
		}
		if pause == firstPause {
			fmt.Fprintln(stderr, "percore:", err, "- trying again")
		}
		if err := catch.Pause(time.Now().Add(pause)); err != nil {
			return err
		}
	}
}

func (r *runner) spec() reaper.Spec {
	spec := reaper.Spec{
		Path: r.Args[0], Args: r.Args, Env: r.Inherited.Environ, Pdeathsig: r.Pdeathsig,
		Files: []*os.File{os.Stdin, os.Stdout, os.Stderr},
	}
	for fd, closed := range r.Inherited.Closed {
		if closed {
			spec.Files[fd] = nil // the Go runtime has put /dev/null there
		}
	}
	if r.needsShim() && r.findsShim() {
		spec.Path, spec.Args = shimPath, append([]string{entry.ShimName, "init", "--"}, r.Args...)
		spec.Env = append(spec.Env[:len(spec.Env):len(spec.Env)], r.shimEntry())
	}
	if r.term.wanted() {
		spec.Foreground, spec.Terminal = true, r.term.fd
	}
	return spec
}

// fork starts the child with the mask that was inherited, if that is not empty as it is in every thread anyway; a
// shim gets all signals blocked and sets that mask itself.
func (r *runner) fork(spec reaper.Spec) (int, error) {
	childMask := r.Inherited.Mask
	if spec.Path == shimPath {
		childMask = allSignals
	}
	if r.NoNewPrivs {
		if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
			return 0, os.NewSyscallError("prctl", err)
		}
	}
	before := entry.SetMask(childMask)
	r.ignore(entry.Ignored)
	pid, err := reaper.Start(spec)
	if spec.Foreground && (errors.Is(err, syscall.ENOTTY) || errors.Is(err, syscall.EIO)) {
		spec.Foreground = false // the terminal went away meanwhile
		pid, err = reaper.Start(spec)
	}
	r.ignore(entry.Caught)
	entry.SetMask(before)
	return pid, err
}

// ignore makes the signals that were inherited as ignored so again, for the child to inherit, or has them caught
// again. What arrives in between is lost, as it would be in a child that ignores it.
func (r *runner) ignore(d entry.Disposition) {
	for sig := syscall.Signal(1); sig <= entry.SignalMax; sig++ {
		if r.Inherited.Ignored&bit(sig) == 0 || sig == syscall.SIGCHLD {
			continue // with SIGCHLD ignored, the kernel would keep a quick child's end to itself
		}
		if d == entry.Ignored {
			signal.Ignore(sig) // or the runtime would reset it in the child
		}
		_ = entry.Set(sig, d) // it has been set before
	}
}

// exitCode is what percore ends with when the child could not be started.
func exitCode(err error) int {
	var failure *reaper.SpawnError
	if errors.As(err, &failure) {
		return failure.ExitCode()
	}
	return codeInternal
}

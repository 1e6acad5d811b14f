package single

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"percore/reaper"
	"percore/reaper/entry"
)

// Between fork and exec Go leaves no room for code of ours. So in the rare cases that need some, the child is first
// percore once more, which puts things right and becomes the command by exec, with the same pid:
//   - LISTEN_PID names percore and has to name the child, whose pid is not known before the fork (man 3 sd_listen_fds);
//   - one of those signals was inherited as ignored that os/signal refuses to ignore, or that percore cannot do without.
//
// It costs a second start of percore, once. The shim has no handler, so a signal that reaches it does what it would
// do to the command before its first instruction, and what is blocked stays pending until then (man 2 execve).

// shimPath is this binary, also where its file has been replaced or removed.
const shimPath = "/proc/self/exe"

// What tells a process that sockets are meant for it. The second is the inode of a pidfd, which systemd sets, and
// asks for, since its version 259; since Linux 6.9 no two processes have had the same one.
const (
	listenPID     = "LISTEN_PID="
	listenPIDFDID = "LISTEN_PIDFDID="
)

// neverNotified are the signals that os/signal leaves to the runtime, which resets them in every child, and SIGCHLD.
func neverNotified() uint64 {
	set := uint64(0)
	for _, sig := range []syscall.Signal{
		syscall.SIGILL, syscall.SIGTRAP, syscall.SIGBUS, syscall.SIGFPE, syscall.SIGSEGV, syscall.SIGSTKFLT, syscall.SIGSYS,
		syscall.SIGCHLD,
	} {
		set |= bit(sig)
	}
	return set
}

func (o Options) needsShim() bool {
	return o.Inherited.Ignored&neverNotified() != 0 || listenIndex(o.Inherited.Environ, os.Getpid()) >= 0
}

// findsShim reports whether there is a way to the shim. A child that finds less than it should is better than none.
func (r *runner) findsShim() bool {
	_, err := os.Stat(shimPath)
	if err != nil {
		fmt.Fprintln(r.Stderr, "percore: without a /proc of this pid namespace the child finds LISTEN_PID as it was, and SIGCHLD and faults not ignored; mount one")
	}
	return err == nil
}

// shimEntry tells the shim the mask and the ignored signals that percore has inherited.
func (r *runner) shimEntry() string {
	return fmt.Sprintf("%s%x,%x", r.ShimEntry, r.Inherited.Mask, r.Inherited.Ignored)
}

// listenIndex finds the LISTEN_PID that names pid; -1 if there is none.
func listenIndex(environ []string, pid int) int {
	want := listenPID + strconv.Itoa(pid)
	for i, pair := range environ {
		if pair == want {
			return i
		}
	}
	return -1
}

// correctPIDFDID has LISTEN_PIDFDID, if it is there, name this process. Where there is no pidfd, no program can ask
// for it either.
func correctPIDFDID(environ []string) {
	i := slices.IndexFunc(environ, func(pair string) bool { return strings.HasPrefix(pair, listenPIDFDID) })
	if i < 0 {
		return
	}
	if id, err := pidfdID(os.Getpid()); err == nil {
		environ[i] = listenPIDFDID + strconv.FormatUint(id, 10)
	}
}

// pidfdID is the inode of a pidfd of the process (man 2 pidfd_open).
func pidfdID(pid int) (uint64, error) {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return 0, os.NewSyscallError("pidfd_open", err)
	}
	defer unix.Close(fd)
	var about unix.Stat_t
	err = unix.Fstat(fd, &about)
	return about.Ino, os.NewSyscallError("fstat", err)
}

// Become is the shim. It returns only if the command could not be run, with the exit code. state is what follows
// Options.ShimEntry in the last entry of the environment.
func Become(state string, args, environ []string, stderr io.Writer) int {
	inherited := Inherit(environ)
	environ = inherited.Environ
	mask, ignored, err := parseState(state)
	if err != nil || len(environ) == 0 || len(args) == 0 {
		fmt.Fprintln(stderr, "percore: started as the shim by another program:", err)
		return codeInternal
	}
	environ = environ[:len(environ)-1]
	if i := listenIndex(environ, os.Getppid()); i >= 0 {
		environ[i] = listenPID + strconv.Itoa(os.Getpid())
		correctPIDFDID(environ)
	}
	for sig := syscall.Signal(1); sig <= entry.SignalMax; sig++ {
		disposition := entry.Default
		if ignored&bit(sig) != 0 {
			disposition = entry.Ignored
		}
		_ = entry.Set(sig, disposition) // KILL and STOP have no other
	}
	for fd, closed := range inherited.Closed {
		if closed {
			syscall.CloseOnExec(fd) // the Go runtime has put /dev/null there
		}
	}
	// What was sent since the fork arrives here, as it would in the command before its first instruction.
	entry.SetMask(mask)
	said := unbroken{stderr, ignored}
	err = insist(said, func() error { return reaper.Exec(reaper.Spec{Path: args[0], Args: args, Env: environ}) })
	fmt.Fprintln(said, "percore:", err)
	return exitCode(err)
}

// unbroken is the shim's stderr: one that is not read must not end it. ignored are the signals that the command is to
// ignore.
type unbroken struct {
	to      io.Writer
	ignored uint64
}

// Write writes p; EPIPE is all that a broken pipe gives.
func (w unbroken) Write(p []byte) (int, error) {
	_ = entry.Set(syscall.SIGPIPE, entry.Ignored)
	n, err := w.to.Write(p)
	if w.ignored&bit(syscall.SIGPIPE) == 0 {
		_ = entry.Set(syscall.SIGPIPE, entry.Default)
	}
	return n, err
}

func parseState(state string) (mask, ignored uint64, err error) {
	first, second, _ := strings.Cut(state, ",")
	if mask, err = strconv.ParseUint(first, 16, 64); err != nil {
		return 0, 0, err
	}
	ignored, err = strconv.ParseUint(second, 16, 64)
	return mask, ignored, err
}

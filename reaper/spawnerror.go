package reaper

import (
	"errors"
	"fmt"
	"syscall"
)

// Exit codes for a command that cannot be run, as POSIX shells and Docker use them (POSIX XCU 2.8.2).
const (
	CodeNotExecutable = 126
	CodeNotFound      = 127
)

// SpawnError is why a command could not be started.
type SpawnError struct {
	Op   string // the step: "find", "chdir" or "exec"
	Path string // what the step was about
	Err  error  // the kernel's reason
}

// Error reads "exec /bin/x: permission denied".
func (e *SpawnError) Error() string { return fmt.Sprintf("%s %s: %v", e.Op, e.Path, e.Err) }

// Unwrap gives the kernel's reason to errors.Is.
func (e *SpawnError) Unwrap() error { return e.Err }

// ExitCode is what PID 1 ends with when this is what ended it: 127 when the command was not found, else 126.
func (e *SpawnError) ExitCode() int {
	if e.Op != "chdir" && errors.Is(e.Err, syscall.ENOENT) {
		return CodeNotFound
	}
	return CodeNotExecutable
}

// Retriable reports whether the same start may succeed a moment later: the machine was short of something,
// or the program's file was being written. A missing file or directory and a refusal stay as they are.
func (e *SpawnError) Retriable() bool {
	for _, passing := range []error{
		syscall.EAGAIN, syscall.ENOMEM, syscall.EMFILE, syscall.ENFILE, syscall.ETXTBSY,
	} {
		if errors.Is(e.Err, passing) {
			return true
		}
	}
	return false
}

// errnoOf strips the path from an os error: SpawnError names it already.
func errnoOf(err error) error {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno
	}
	return err
}

// Package self is what a percore process does with itself, whatever its role: its threads, its memory and
// descriptors against other processes of the same user, its exit codes, and its own binary in another role. Nothing
// here knows of workers or of the front door.
package self

import (
	"os"

	"golang.org/x/sys/unix"
)

// Exe is this binary for another role. The link holds when the path does not: after the file was replaced, or in a
// folder that the role's user may not enter (man 5 proc).
const Exe = "/proc/self/exe"

// Name is what ps shows for another role.
func Name() string {
	path, err := os.Executable()
	if err != nil {
		return "percore"
	}
	return path
}

// HideMemory keeps others of the same user out of this process's memory and descriptors (man 2 prctl,
// PR_SET_DUMPABLE). Only root can look at it from now on, and only the process itself at what /proc/self has of it.
func HideMemory() error {
	return os.NewSyscallError("prctl", unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0))
}

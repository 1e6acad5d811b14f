package reaper

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// SameID leaves a user or a group as it is.
const SameID = -1

// WithFileIDs does something with another user and group for all that concerns files (man 2 setfsuid), on this thread
// alone. It takes the capabilities SETUID and SETGID; where these are missing the ids stay as they are, and what is done fails
// with the error that this entails. The function must not start goroutines.
func WithFileIDs(uid, gid int, do func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if gid != SameID {
		was, _ := unix.SetfsgidRetGid(gid)
		defer unix.SetfsgidRetGid(was)
	}
	if uid != SameID {
		was, _ := unix.SetfsuidRetUid(uid)
		defer unix.SetfsuidRetUid(was)
	}
	return do()
}

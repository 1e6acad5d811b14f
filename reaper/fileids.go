package reaper

import (
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// SameID leaves a user or a group as it is.
const SameID = -1

// WithFileIDs does something with another user and group for all that concerns files (man 2 setfsuid), on this thread
// alone. It takes the capabilities SETUID and SETGID; where these are missing the ids stay as they are, and what is
// done fails with the error that this entails. The function must not start goroutines.
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

// AsUser does something with a user's rights to files and no others, supplementary groups included, on this thread
// alone. The error is also that of man 2 setgroups, which takes the capability SETGID. The function must not start
// goroutines.
func AsUser(c *Credential, do func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before, err := unix.Getgroups()
	if err != nil {
		return os.NewSyscallError("getgroups", err)
	}
	groups := make([]int, len(c.Groups))
	for i, gid := range c.Groups {
		groups[i] = int(gid)
	}
	// The bare system call, unlike package syscall's, is the thread's alone.
	if err := unix.Setgroups(groups); err != nil {
		return os.NewSyscallError("setgroups", err)
	}
	defer unix.Setgroups(before) //nolint:errcheck // what took the groups away can give them back
	return WithFileIDs(int(c.UID), int(c.GID), do)
}

package reaper

import (
	"fmt"
	"os"
	"strconv"
	"syscall"
)

// firstInherited is the first descriptor that is not stdin, stdout or stderr.
const firstInherited = 3

// lastDescriptor is the largest number close_range takes, an unsigned int.
const lastDescriptor = 1<<32 - 1

// System call numbers and flags that package syscall does not name; the number is the same on every
// architecture Go runs on (Linux 5.9, and 5.11 for the flag).
const (
	sysCloseRange     = 436
	closeRangeCloexec = 1 << 2
)

// sealDescriptors marks everything above stderr close-on-exec. What percore opens itself is so from birth;
// this is about descriptors that the container runtime or a calling shell left open.
func sealDescriptors() error {
	_, _, errno := syscall.RawSyscall(sysCloseRange, firstInherited, lastDescriptor, closeRangeCloexec)
	switch errno {
	case 0:
		return nil
	case syscall.ENOSYS, syscall.EINVAL, syscall.EPERM: // an old kernel, or a seccomp profile older than the call
		return sealByProc("/proc/self/fd")
	default:
		return os.NewSyscallError("close_range", errno)
	}
}

func sealByProc(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("list open descriptors: %w", err)
	}
	for _, entry := range entries {
		fd, err := strconv.Atoi(entry.Name())
		if err == nil && fd >= firstInherited {
			syscall.CloseOnExec(fd)
		}
	}
	return nil
}

// prSetChildSubreaper is PR_SET_CHILD_SUBREAPER (man 2 prctl, Linux 3.4).
const prSetChildSubreaper = 36

// Subreaper makes this process adopt its descendants' orphans, as PID 1 does by nature. Without it a worker's
// orphans leave for some other process, and nothing can count or stop them. For PID 1 it does nothing.
func Subreaper() error {
	if os.Getpid() == 1 {
		return nil
	}
	_, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, prSetChildSubreaper, 1, 0)
	if errno != 0 {
		return os.NewSyscallError("prctl", error(errno))
	}
	return nil
}

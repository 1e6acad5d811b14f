package fleet

import (
	"errors"
	"syscall"
)

// shortage explains why the kernel did not start a process though nothing is wrong with the command; empty for any
// other reason. The kernel's own words, such as "resource temporarily unavailable", leave it to be guessed.
func shortage(err error) string {
	for _, known := range []struct {
		errno syscall.Errno
		words string
	}{
		{syscall.EAGAIN, "no more processes are allowed: pids.max or RLIMIT_NPROC is reached"},
		{syscall.ENOMEM, "the kernel has no memory for another process"},
		{syscall.ETXTBSY, "the program's file is being written"},
		{syscall.EMFILE, "percore has too many open files: RLIMIT_NOFILE is reached"},
		{syscall.ENFILE, "the machine has too many open files"},
	} {
		if errors.Is(err, known.errno) {
			return known.words
		}
	}
	return ""
}

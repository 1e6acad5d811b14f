package reaper

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
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

// Explain says what the kernel's words about a failed start leave to be guessed; empty is nothing. Args may have
// tokens yet.
func (s Spec) Explain(err error) string {
	if why := shortage(err); why != "" {
		return why
	}
	var spawn *SpawnError
	if !errors.As(err, &spawn) || spawn.Op == "chdir" {
		return ""
	}
	switch {
	case errors.Is(err, syscall.EPERM) && s.Credential != nil:
		return fmt.Sprintf("to run it as uid %d takes root and the capabilities SETUID and SETGID", s.Credential.UID)
	case !errors.Is(err, syscall.ENOENT):
		return ""
	case len(s.Args) == 1 && strings.Contains(s.Args[0], " "):
		return "the whole command is one argument: give its words one by one, or to sh -c"
	case s.isThere(spawn.Path):
		return "the file is there; the interpreter that its first line names, or its loader, is not"
	default:
		return ""
	}
}

// isThere reports whether there is a file of that name, as the child's directory has it.
func (s Spec) isThere(name string) bool {
	if !filepath.IsAbs(name) {
		name = filepath.Join(s.Dir, name)
	}
	_, err := os.Stat(name)
	return err == nil
}

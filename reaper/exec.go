package reaper

import (
	"errors"
	"syscall"
)

// Start forks without a Reaper and returns when execve succeeded; the error is a *SpawnError. It is for mode init,
// which waits for every child itself. A goroutine that uses Spec.Pdeathsig has to be locked to its thread for life.
func Start(s Spec) (pid int, err error) { return fork(s) }

// Exec makes this process the program of the Spec, of which Path, Args and Env count. It returns only if it failed,
// with a *SpawnError. RLIMIT_NOFILE becomes what percore was started with (package syscall's doing).
func Exec(s Spec) error {
	path, err := s.find()
	if err != nil {
		return err
	}
	argv := s.argv()
	err = syscall.Exec(path, argv, s.Env)
	if errors.Is(err, syscall.ENOEXEC) {
		err = syscall.Exec(shell, scriptArgs(path, argv), s.Env)
	}
	return spawnError("", path, err)
}

package reaper

import (
	"errors"
	"os"
	"runtime"
	"strings"
	"syscall"
)

// shell runs a script that has no "#!" line, as execvp does (man 3 exec, ENOEXEC).
const shell = "/bin/sh"

// Spec says what to run. The child leads a process group of its own, whose id is its pid, and with Session a session,
// too.
type Spec struct {
	Path       string      // program; without a slash it is searched for on the PATH in Env
	Args       []string    // argv, the program's name included; empty means Path alone
	Env        []string    // the whole environment, as key=value
	Dir        string      // working directory; empty is percore's own
	Credential *Credential // nil keeps percore's own
	Files      []*os.File  // the child's descriptors 0, 1, 2, 3 …; nil entries are closed in the child
	Umask      *int        // nil keeps percore's own
	CPUs       []int       // the CPUs that the child may run on, by their numbers; none, or one that is not there, keeps percore's own

	// NoNewPrivs keeps the child, and all that comes of it, from getting privileges by what it executes, such as
	// set-user-ID programs (man 2 prctl). It counts for Spawn.
	NoNewPrivs bool

	// Pdeathsig is what the kernel sends the child when percore itself dies (man 2 prctl,
	// PR_SET_PDEATHSIG); 0 is nothing. It does not reach the child's own children.
	Pdeathsig syscall.Signal

	// Foreground makes the child's process group the foreground group of the controlling terminal, which is the
	// descriptor Terminal of this process (man 3 tcsetpgrp).
	Foreground bool
	Terminal   int

	// Session gives the child a session of its own (man 2 setsid), for programs that need no terminal: the keys of
	// percore's do not reach them, it does not stop them, and they can neither read what is typed there nor type. It
	// excludes Foreground.
	Session bool

	// StopAsGroup makes Process.Stop signal the child's whole process group at once, as supervisord's stopasgroup
	// does.
	StopAsGroup bool

	// KillLeftovers makes the child's end the end of its process group: what is left of it is ended, and Exited waits
	// until it is gone. A grandchild could hold the next child's port otherwise. After Process.Stop the rest is sent
	// the same signal, and may take until Process.Signal sends SIGKILL; after any other end it gets SIGKILL, and at
	// most a second.
	KillLeftovers bool

	// KillDescendants makes KillLeftovers, and SIGKILL, reach whatever the child has started, in sessions of its own
	// too.
	KillDescendants bool

	// KillTree makes SIGKILL reach the child's descendants in other process groups and sessions too.
	KillTree bool

	// Exited is called exactly once after a successful Spawn, on the reaper's goroutine: it must not block
	// and must not call the Reaper or a Process, which would wait for that same goroutine.
	Exited func(Exit)

	mark mark // see KillDescendants
}

// fork starts the child. RLIMIT_NOFILE as percore found it and default signal dispositions are ForkExec's
// doing; the signal mask is the one percore was started with.
func fork(s Spec) (int, error) {
	path, err := s.find()
	if err != nil {
		return 0, err
	}
	fds, err := descriptors(s.Files)
	if err != nil {
		return 0, &SpawnError{Op: "exec", Path: path, Err: err}
	}
	defer s.bequeath()()
	attr := &syscall.ProcAttr{Dir: s.Dir, Env: s.mark.environ(s.Env), Files: fds, Sys: sysProcAttr(s)}
	argv := s.argv()
	pid, err := syscall.ForkExec(path, argv, attr)
	if errors.Is(err, syscall.ENOEXEC) {
		pid, err = syscall.ForkExec(shell, scriptArgs(path, argv), attr)
	}
	runtime.KeepAlive(s.Files)
	if err != nil {
		return 0, spawnError(s.Dir, path, err)
	}
	return pid, nil
}

// find gives the program's path.
func (s Spec) find() (string, error) {
	if strings.Contains(s.Path, "/") {
		return s.Path, nil
	}
	return LookPath(s.Path, s.Dir, lookupEnv(s.Env, "PATH"))
}

func (s Spec) argv() []string {
	if len(s.Args) == 0 {
		return []string{s.Path}
	}
	return s.Args
}

// scriptArgs is the shell's argv for a script without a "#!" line.
func scriptArgs(path string, argv []string) []string {
	return append([]string{shell, path}, argv[1:]...)
}

// spawnError finds out which step gave the error: ForkExec gives the errno of chdir and of execve alike.
func spawnError(dir, path string, err error) error {
	if dir != "" {
		info, statErr := os.Stat(dir)
		switch {
		case statErr != nil:
			return &SpawnError{Op: "chdir", Path: dir, Err: errnoOf(statErr)}
		case !info.IsDir():
			return &SpawnError{Op: "chdir", Path: dir, Err: syscall.ENOTDIR}
		}
	}
	return &SpawnError{Op: "exec", Path: path, Err: err}
}

func sysProcAttr(s Spec) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{
		Setsid: s.Session, Setpgid: !s.Session, Pdeathsig: s.Pdeathsig, Foreground: s.Foreground, Ctty: s.Terminal,
	}
	// setgroups is refused to the unprivileged even when nothing would change, so nothing is asked for then.
	if c := s.Credential; c != nil && !c.current() {
		attr.Credential = &syscall.Credential{Uid: c.UID, Gid: c.GID, Groups: c.Groups}
	}
	return attr
}

// descriptors reads the numbers without File.Fd, whose history includes making a shared listener blocking.
func descriptors(files []*os.File) ([]uintptr, error) {
	fds := make([]uintptr, len(files))
	for i, f := range files {
		fds[i] = ^uintptr(0) // ForkExec closes the child's descriptor i for -1
		if f == nil {
			continue
		}
		conn, err := f.SyscallConn()
		if err != nil {
			return nil, err
		}
		if err := conn.Control(func(fd uintptr) { fds[i] = fd }); err != nil {
			return nil, err
		}
	}
	return fds, nil
}

// lookupEnv gives the first value of key, which is the one getenv(3) would find.
func lookupEnv(env []string, key string) string {
	for _, pair := range env {
		if value, found := strings.CutPrefix(pair, key+"="); found {
			return value
		}
	}
	return ""
}

package fleet

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"percore/reaper"
	"percore/reaper/notify"
	"percore/reaper/ports"
	"percore/reaper/socket"
)

// fork spawns the process with its descriptors. Workers die with percore by SIGKILL: they would keep their
// ports from the next percore otherwise, and would get no requests. It is what the kernel does to
// a container whose PID 1 ends, so workers see no difference between the two.
func (s *supervisor) fork(w *worker) (*reaper.Process, error) {
	argv, err := s.prepare(w)
	if err != nil {
		return nil, err
	}
	notices, err := s.noticeEnviron(w)
	if err != nil {
		return nil, err
	}
	files, opened, err := s.outputs.files(w)
	if err != nil {
		return nil, err
	}
	incarnation, p := w.incarnation, w.program
	process, err := s.options.Spawner.Spawn(reaper.Spec{
		Path: cmp.Or(p.Path, argv[0]), Args: argv, Env: override(w.environ(), notices), Dir: p.Dir,
		Credential: p.Credential, Umask: p.Umask, NoNewPrivs: p.NoNewPrivs, CPUs: w.cpus(), Files: files,
		Pdeathsig: syscall.SIGKILL, Session: true,
		StopAsGroup: p.StopAsGroup, KillLeftovers: true, KillDescendants: !p.First, KillTree: p.KillTree,
		Exited: func(e reaper.Exit) { s.mail.post(func() { s.died(w, incarnation, e) }) },
	})
	opened(err)
	return process, err
}

// prepare finds out before a fork whether the worker could run, and gives its command. A worker that could not listen
// would end at once, and the process that holds its port would be taken for it.
func (s *supervisor) prepare(w *worker) (argv []string, err error) {
	if err := s.clearSocket(w); err != nil {
		return nil, err
	}
	if w.usesPort() {
		if holder := s.options.Ports.Holder(w.port); holder != "" {
			return nil, &ports.HeldError{Port: w.port, Holder: holder}
		}
	}
	if argv = w.argv(); len(argv) == 0 {
		return nil, &reaper.SpawnError{Op: "find", Path: `""`, Err: syscall.ENOENT}
	}
	if w.program.Check != nil {
		if err := w.program.Check(); err != nil {
			return nil, err
		}
	}
	return argv, nil
}

// clearSocket leaves nothing of the incarnation before.
func (s *supervisor) clearSocket(w *worker) error {
	if !w.program.Sockets {
		return nil
	}
	if err := s.roster.assignSocket(w); err != nil {
		return fmt.Errorf("place socket: %w", err)
	}
	return socket.Clear(w.socket, w.program.Credential)
}

// noticeEnviron is what a worker needs to know to send notices; the socket is opened for the first that does.
func (s *supervisor) noticeEnviron(w *worker) ([]string, error) {
	if !w.program.listens() {
		return nil, nil
	}
	if s.notices == nil {
		n, err := notify.Open()
		if err != nil {
			return nil, err
		}
		s.notices = n
		go n.Read(s.passOn)
	}
	return []string{
		"NOTIFY_SOCKET=" + s.notices.Address(),
		"WATCHDOG_USEC=" + strconv.FormatInt(w.program.watchdog().Microseconds(), 10),
	}, nil
}

// passOn runs on the goroutine that reads notices. It waits until this one is heeded, so that senders wait too.
func (s *supervisor) passOn(from notify.Sender, text string) {
	heeded := make(chan struct{})
	s.mail.post(func() { s.heed(from, text); close(heeded) })
	select {
	case <-heeded:
	case <-s.over:
	}
}

// argv is the command with its tokens replaced.
func (w *worker) argv() []string {
	tokens := w.tokens()
	words := make([]string, len(w.program.Command))
	for i, word := range w.program.Command {
		words[i] = tokens.Replace(word)
	}
	return words
}

// cpus are the CPUs that the worker is pinned to; none when it is not.
func (w *worker) cpus() []int {
	all := w.program.CPUs
	if len(all) == 0 {
		return nil
	}
	return all[w.index%len(all):][:1]
}

// environ is the program's environment with the worker's own variables in it.
func (w *worker) environ() []string {
	own := []string{
		"PERCORE_WORKER_INDEX=" + strconv.Itoa(w.index),
		"PERCORE_WORKER_NAME=" + w.name,
		"SUPERVISOR_ENABLED=1", // some programs ask whether they are supervised by the names that supervisord gives
		"SUPERVISOR_PROCESS_NAME=" + w.name,
		"SUPERVISOR_GROUP_NAME=" + w.program.Group,
	}
	if w.port != 0 {
		own = append(own, "PORT="+strconv.Itoa(w.port))
	}
	if w.program.Sockets {
		own = append(own, "PERCORE_SOCKET="+w.socket)
	}
	if c := w.program.Credential; c != nil {
		own = append(own, "USER="+c.Name, "LOGNAME="+c.Name, "HOME="+c.Home)
	}
	return override(w.program.Env, own)
}

// override gives env with the pairs of own in it and no other pair of the same key: of two, getenv(3)
// finds the first and some languages the last.
func override(env, own []string) []string {
	merged := make([]string, 0, len(env)+len(own))
	for _, pair := range env {
		key, _, _ := strings.Cut(pair, "=")
		if !slices.ContainsFunc(own, func(o string) bool { return strings.HasPrefix(o, key+"=") }) {
			merged = append(merged, pair)
		}
	}
	return append(merged, own...)
}

// failure is how a spawn that did not happen ends a worker: the exit code to pass on, and whether to try again.
func failure(err error) (code int, retriable bool) {
	var spawnError *reaper.SpawnError
	if !errors.As(err, &spawnError) {
		return 1, true // descriptors or pipes could not be had; that passes, or the back-off ends it
	}
	return spawnError.ExitCode(), spawnError.Retriable()
}

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"percore/e2e/load"
	"percore/e2e/proc"
	"percore/e2e/program"
)

const (
	// patience bounds what should take a few seconds: starting, and a restart that may drain for three per worker.
	patience = 60 * time.Second
	// settled is how long a service has run before anything is done to it: longer than STARTSECS.
	settled = 1500 * time.Millisecond
)

// launch is how to start a service, and how to handle it.
type launch struct {
	argv    []string
	env     []string
	address string // public
	ports   []int  // that have to accept before the service is complete
	path    string // of the application, /wait or /block
	marker  string // in the command line of each worker, and of no other process
	// restart replaces every worker under load and returns when that is done.
	restart func(context.Context, *service) error
	status  []string // asks for the workers' states; empty where there is no such command
}

// service is the PID 1 of a namespace of its own, with all that it starts.
type service struct {
	launch
	began   time.Time // of the exec
	pid     int       // of PID 1, as seen from here
	log     string
	unshare *program.Process // which ends with PID 1, and with its code
}

// begin starts a service and does not wait for it.
func begin(l launch, dir string) (*service, error) {
	s := &service{launch: l, log: filepath.Join(dir, "log")}
	out, err := os.Create(s.log)
	if err != nil {
		return nil, fmt.Errorf("make log: %w", err)
	}
	defer out.Close()
	words := program.AsPID1(l.argv...)
	command := exec.Command(words[0], words[1:]...)
	command.Env = program.BareEnviron(l.env...)
	command.Dir, command.Stdout, command.Stderr = dir, out, out
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	s.began = time.Now()
	if s.unshare, err = program.Start(command); err != nil {
		return nil, err
	}
	err = await("PID 1", func() bool {
		children := proc.Children(s.unshare.PID())
		if len(children) > 0 {
			s.pid = children[0]
		}
		return s.pid != 0 || s.unshare.IsOver()
	})
	return s, errors.Join(err, s.early())
}

// start is begin, and waits until every worker accepts and the service has settled.
func start(l launch, dir string) (*service, error) {
	s, err := begin(l, dir)
	if err != nil {
		return nil, err
	}
	if err := s.awaitComplete(); err != nil {
		s.kill()
		return nil, fmt.Errorf("%w\n%s", err, s.lastWords())
	}
	time.Sleep(settled)
	return s, nil
}

func (s *service) awaitComplete() error {
	err := await("all workers to accept", func() bool {
		for _, port := range s.ports {
			if !program.Accepts(program.Loopback(port)) {
				return s.unshare.IsOver()
			}
		}
		return true
	})
	if err == nil {
		err = await("the first answer", func() bool { return s.unshare.IsOver() || s.answers() })
	}
	return errors.Join(err, s.early())
}

// answers asks once.
func (s *service) answers() bool {
	return load.Once(stream{name: "first", method: "GET", clients: 1}.options(s.address, s.path)).OK() == 1
}

func await(what string, condition func() bool) error { return program.Await(patience, what, condition) }

// early is an error when the service has ended.
func (s *service) early() error {
	if s.unshare.IsOver() {
		return fmt.Errorf("run %s: ended, %v: %s", s.argv[0], s.unshare.State(), s.lastWords())
	}
	return nil
}

// lastWords are the end of the service's output.
func (s *service) lastWords() string {
	text, _ := os.ReadFile(s.log)
	const most = 1000
	return strings.TrimSpace(string(text[max(0, len(text)-most):]))
}

// workers lists the processes that serve, and others the ones that do not.
func (s *service) workers() (workers, others []int) {
	for _, pid := range proc.Family(s.pid) {
		if pid != s.pid && strings.Contains(proc.CommandLine(pid), s.marker) {
			workers = append(workers, pid)
		} else {
			others = append(others, pid)
		}
	}
	return workers, others
}

// signal sends a signal to PID 1.
func (s *service) signal(signal syscall.Signal) {
	_ = syscall.Kill(s.pid, signal) // it may have ended, which everyone who waits for it sees
}

// stop asks as `docker stop` does, waits, and kills what does not leave. It returns how long that took.
func (s *service) stop() time.Duration {
	asked := time.Now()
	s.signal(syscall.SIGTERM)
	select {
	case <-s.unshare.Done():
	case <-time.After(stopGrace):
		s.kill()
	}
	return time.Since(asked)
}

// kill ends PID 1, and the kernel everything in its namespace. It may be called again.
func (s *service) kill() {
	s.signal(syscall.SIGKILL)
	<-s.unshare.Done()
}

// control runs one of the service's commands.
func (s *service) control(ctx context.Context, argv ...string) error {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = s.unshare.Command.Env
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("run %s: %w: %s", strings.Join(argv[1:], " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

package main

import (
	"context"
	"fmt"
	"slices"

	"percore/e2e/program"
)

// stack is one way to serve an application, with so many workers.
type stack struct {
	name     string // as the tables have it
	app      string // and its handlers
	blocking bool   // a worker serves one request at a time
	workers  int
	careful  bool // nginx does not leave a worker out that has refused a connection
	launch   func(l *lab, s stack, dir string, port int) (launch, error)
}

// path is the one whose handler waits as the stack wants.
func (s stack) path() string {
	if s.blocking {
		return "/block"
	}
	return "/wait"
}

// start starts the stack in a place of its own.
func (s stack) start(l *lab) (*service, error) {
	dir, how, err := s.prepare(l)
	if err != nil {
		return nil, err
	}
	return start(how, dir)
}

func (s stack) prepare(l *lab) (dir string, how launch, err error) {
	dir, port, err := l.place()
	if err != nil {
		return "", launch{}, err
	}
	how, err = s.launch(l, s, dir, port)
	how.address, how.path = fmt.Sprintf("127.0.0.1:%d", port), s.path()
	return dir, how, err
}

// workerPorts are those of workers that do not share the public one, which is the port before.
func (s stack) workerPorts(port int) (ports []int) {
	for i := range s.workers {
		ports = append(ports, port+1+i)
	}
	return ports
}

const (
	asyncApp   = "Tornado, async"
	blockApp   = "Tornado, blocking"
	syncApp    = "gunicorn, sync worker"
	nodeApp    = "Node"
	underPC    = "percore"
	underSV    = "supervisord + nginx"
	underSVOne = "supervisord + nginx, one by one"
	underHUP   = "gunicorn alone"
)

func percoreWith(app string, workers int) stack {
	return stack{name: underPC, app: app, blocking: app == blockApp || app == syncApp, workers: workers, launch: launchPercore}
}

func supervisordWith(app string, workers int) stack {
	return stack{name: underSV, app: app, blocking: app == blockApp, workers: workers, launch: launchSupervisord}
}

// oneByOne is what a careful operator does: no worker is restarted before the last one is back, and nginx, which by itself
// leaves one that has refused a connection out for 10 s (max_fails, fail_timeout), asks all of them.
func oneByOne(app string, workers int) stack {
	s := supervisordWith(app, workers)
	s.name, s.careful, s.launch = underSVOne, true, launchOneByOne
	return s
}

func gunicornWith(workers int) stack {
	return stack{name: underHUP, app: syncApp, blocking: true, workers: workers, launch: launchGunicorn}
}

// command is the application's own, with placeholders for what differs between workers.
func (s stack) command(l *lab, port string) (argv []string, marker string) {
	switch s.app {
	case nodeApp:
		return []string{"node", l.app("node_app.js"), "--port=" + port}, "node_app.js"
	case syncApp:
		return gunicornCommand(l, 1, port), "gunicorn_app:app"
	}
	return []string{program.Python, "-B", l.app("tornado_app.py"), "--port=" + port}, "tornado_app.py"
}

func gunicornCommand(l *lab, workers int, port string) []string {
	return []string{
		program.Python, "-B", "-m", "gunicorn", "--workers", fmt.Sprint(workers), "--bind", "127.0.0.1:" + port, "--chdir", l.dir,
		"--worker-tmp-dir", "/dev/shm", "--log-level", "warning", "gunicorn_app:app",
	}
}

// launchGunicorn has no proxy, as nothing in its restart needs one: the workers share the arbiter's socket.
func launchGunicorn(l *lab, s stack, _ string, port int) (launch, error) {
	return launch{
		argv: gunicornCommand(l, s.workers, fmt.Sprint(port)), ports: []int{port}, marker: "gunicorn_app:app", restart: hangUp,
	}, nil
}

// hangUp sends SIGHUP and waits until other workers have taken the old ones' place.
func hangUp(_ context.Context, s *service) error {
	old, _ := s.workers()
	s.signal(1) // SIGHUP
	return await("new workers", func() bool {
		now, _ := s.workers()
		return len(now) == len(old) && !slices.ContainsFunc(now, func(pid int) bool { return slices.Contains(old, pid) })
	})
}

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"percore/bench/machine"
	"percore/bench/subject"
	"percore/e2e/program"
)

// proxy is one of those that are compared.
type proxy struct {
	name  string
	hosts bool // starts its worker itself
	// command says how to start it in dir, between a port of its own and the worker's.
	command func(l *lab, dir string, how conduct, port, worker int) ([]string, []string, error)
	version []string
}

func proxies() []proxy {
	return []proxy{
		{name: "percore", hosts: true, command: percoreCommand},
		{name: "nginx", command: nginxCommand, version: []string{"nginx", "-v"}},
		{name: "HAProxy", command: haproxyCommand, version: []string{"haproxy", "-v"}},
	}
}

func percoreCommand(l *lab, _ string, how conduct, port, worker int) (argv, env []string, err error) {
	argv = []string{l.percore, "--", l.self, "-worker", string(how), "-port", "{port}"}
	return argv, []string{
		"PERCORE_LISTEN=127.0.0.1:" + strconv.Itoa(port),
		"PERCORE_CONTROL=@percore-kept-" + strconv.Itoa(port),
		"PERCORE_PORTS_FROM=" + strconv.Itoa(worker),
		"PERCORE_WORKERS=1", "PERCORE_LOOPS=1", "PERCORE_LOGLEVEL=error", "PERCORE_STOP_TIMEOUT=3",
	}, nil
}

// nginxConf is nginx as its documentation has it for connections that are kept.
const nginxConf = `daemon off;
worker_processes 1;
pid %[1]s/nginx.pid;
error_log stderr crit;
events { worker_connections 1024; }
http {
    access_log off;
%[4]s    upstream worker {
        server 127.0.0.1:%[3]d max_fails=0;
        keepalive 32;
    }
    server {
        listen 127.0.0.1:%[2]d;
        keepalive_requests 1000000;
        location / {
            proxy_pass http://worker;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }
    }
}
`

func nginxCommand(_ *lab, dir string, _ conduct, port, worker int) (argv, env []string, err error) {
	file := filepath.Join(dir, "nginx.conf")
	err = os.WriteFile(file, fmt.Appendf(nil, nginxConf, dir, port, worker, subject.NginxFolders(dir)), 0o644)
	return []string{"nginx", "-p", dir, "-c", file, "-e", "stderr"}, nil, err
}

// haproxyConf is HAProxy with its defaults for connections that are kept, but for http-reuse: with safe, a client's
// first request never goes over one.
const haproxyConf = `global
    nbthread 1
defaults
    mode http
    timeout connect 1s
    timeout client 60s
    timeout server 60s
    http-reuse always
frontend door
    bind 127.0.0.1:%d
    default_backend worker
backend worker
    server worker 127.0.0.1:%d
`

func haproxyCommand(_ *lab, dir string, _ conduct, port, worker int) (argv, env []string, err error) {
	file := filepath.Join(dir, "haproxy.cfg")
	err = os.WriteFile(file, fmt.Appendf(nil, haproxyConf, port, worker), 0o644)
	return []string{"haproxy", "-db", "-q", "-f", file}, nil, err
}

// lab is a folder with what is measured.
type lab struct {
	dir           string
	self, percore string // binaries
}

func newLab(ctx context.Context, percore string) (*lab, error) {
	dir, err := program.Folder("", "percore-kept-") // for the users that nginx and the front door become, too
	if err != nil {
		return nil, err
	}
	l := &lab{dir: dir, self: filepath.Join(dir, "kept"), percore: percore}
	builds := map[string]string{l.self: "percore/bench/kept"}
	if percore == "" {
		l.percore = filepath.Join(dir, "percore")
		builds[l.percore] = program.Percore
	}
	for to, pkg := range builds {
		if err := program.Build(ctx, to, pkg); err != nil {
			l.close()
			return nil, err
		}
	}
	return l, nil
}

func (l *lab) close() { _ = os.RemoveAll(l.dir) }

// versions is one line for each proxy.
func (l *lab) versions(ctx context.Context) (lines []string) {
	for _, p := range proxies() {
		if len(p.version) == 0 {
			lines = append(lines, p.name+" at "+machine.Commit(ctx))
			continue
		}
		binary, err := machine.Find(p.version[0], p.version[0])
		if err != nil {
			lines = append(lines, err.Error())
			continue
		}
		lines = append(lines, machine.FirstLine(ctx, binary, p.version[1:]...))
	}
	return lines
}

// with starts a proxy and its worker, has f measure it at an address, and stops both.
func (l *lab) with(p proxy, how conduct, f func(address string)) error {
	dir, err := program.Folder(l.dir, "run-")
	if err != nil {
		return err
	}
	ports, err := program.FreePorts(2)
	if err != nil {
		return err
	}
	defer ports.Release()
	port, worker := ports.First, ports.First+1
	if !p.hosts {
		stop, err := start([]string{l.self, "-worker", string(how), "-port", strconv.Itoa(worker)}, nil, worker)
		if err != nil {
			return err
		}
		defer stop()
	}
	argv, env, err := p.command(l, dir, how, port, worker)
	if err != nil {
		return fmt.Errorf("configure %s: %w", p.name, err)
	}
	if !p.hosts {
		if argv[0], err = machine.Find(argv[0], argv[0]); err != nil {
			return err
		}
	}
	stop, err := start(argv, env, port, worker)
	if err != nil {
		return err
	}
	defer stop()
	f(program.Loopback(port))
	return nil
}

// startTimeout is how long a program may take until it accepts.
const startTimeout = 30 * time.Second

// start runs a program until stop is called, and returns when it accepts at all of the ports.
func start(argv, env []string, ports ...int) (stop func(), err error) {
	p, err := machine.Start(machine.AnyCPU, argv, env, "")
	if err != nil {
		return nil, err
	}
	err = program.Await(startTimeout, fmt.Sprint("ports ", ports), func() bool {
		for _, port := range ports {
			if !program.Accepts(program.Loopback(port)) {
				return p.IsOver()
			}
		}
		return true
	})
	if err = errors.Join(err, p.Ended()); err != nil {
		p.End()
		return nil, err
	}
	return p.End, nil
}

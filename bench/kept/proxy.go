package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
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
    client_body_temp_path %[1]s/body;
    proxy_temp_path %[1]s/proxy;
    fastcgi_temp_path %[1]s/fastcgi;
    uwsgi_temp_path %[1]s/uwsgi;
    scgi_temp_path %[1]s/scgi;
    upstream worker {
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
	err = os.WriteFile(file, fmt.Appendf(nil, nginxConf, dir, port, worker), 0o644)
	return []string{find("nginx"), "-p", dir, "-c", file, "-e", "stderr"}, nil, err
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
	return []string{find("haproxy"), "-db", "-q", "-f", file}, nil, err
}

// find looks a program up in PATH and in /usr/sbin, which an ordinary user's PATH lacks on Debian.
func find(name string) string {
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	return "/usr/sbin/" + name
}

// lab is a folder with what is measured.
type lab struct {
	dir           string
	self, percore string // binaries
}

func newLab(ctx context.Context, percore string) (*lab, error) {
	dir, err := os.MkdirTemp("", "percore-kept-")
	if err != nil {
		return nil, fmt.Errorf("make folder: %w", err)
	}
	l := &lab{dir: dir, self: filepath.Join(dir, "kept"), percore: percore}
	if err := os.Chmod(dir, 0o755); err != nil { // for the users that nginx and the front door become
		return nil, fmt.Errorf("open folder: %w", err)
	}
	builds := map[string]string{l.self: "percore/bench/kept"}
	if percore == "" {
		l.percore = filepath.Join(dir, "percore")
		builds[l.percore] = "percore/entrypoint"
	}
	for to, pkg := range builds {
		cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", to, pkg)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			l.close()
			return nil, fmt.Errorf("build %s: %w\n%s", pkg, err, out)
		}
	}
	return l, nil
}

func (l *lab) close() { _ = os.RemoveAll(l.dir) }

// versions is one line for each proxy.
func (l *lab) versions(ctx context.Context) (lines []string) {
	for _, p := range proxies() {
		if len(p.version) == 0 {
			out, _ := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty").Output()
			lines = append(lines, p.name+" at "+strings.TrimSpace(string(out)))
			continue
		}
		out, _ := exec.CommandContext(ctx, find(p.version[0]), p.version[1:]...).CombinedOutput()
		line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
		lines = append(lines, line)
	}
	return lines
}

// with starts a proxy and its worker, has f measure it at an address, and stops both.
func (l *lab) with(ctx context.Context, p proxy, how conduct, f func(address string)) error {
	dir, err := os.MkdirTemp(l.dir, "run-")
	if err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return fmt.Errorf("open folder: %w", err)
	}
	port, worker, err := freePorts()
	if err != nil {
		return err
	}
	if !p.hosts {
		stop, err := start(ctx, []string{l.self, "-worker", string(how), "-port", strconv.Itoa(worker)}, nil, worker)
		if err != nil {
			return err
		}
		defer stop()
	}
	argv, env, err := p.command(l, dir, how, port, worker)
	if err != nil {
		return fmt.Errorf("configure %s: %w", p.name, err)
	}
	stop, err := start(ctx, argv, env, port, worker)
	if err != nil {
		return err
	}
	defer stop()
	f(net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	return nil
}

// start runs a program until stop is called, and returns when it accepts at all of the ports.
func start(ctx context.Context, argv, env []string, ports ...int) (stop func(), err error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), env...)
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = io.Discard, &said
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start: %w", err)
	}
	stop = func() { _ = cmd.Process.Signal(syscall.SIGTERM); _ = cmd.Wait() }
	for _, port := range ports {
		if err := await(port); err != nil {
			stop()
			return nil, fmt.Errorf("start %s: %w\n%s", argv[0], err, said.String())
		}
	}
	return stop, nil
}

// startTimeout is how long a program may take until it accepts.
const startTimeout = 10 * time.Second

func await(port int) error {
	for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		c, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			return c.Close()
		}
		if time.Since(began) > startTimeout {
			return fmt.Errorf("wait for port %d: %w", port, err)
		}
	}
}

// freePorts are two ports at which nobody listens now.
func freePorts() (a, b int, err error) {
	var ports [2]int
	for i := range ports {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return 0, 0, fmt.Errorf("find a free port: %w", err)
		}
		defer listener.Close()
		ports[i] = listener.Addr().(*net.TCPAddr).Port
	}
	return ports[0], ports[1], nil
}

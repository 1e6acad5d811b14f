package supervisorctl

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"percore/e2e/rig"
)

// world is a daemon with a command line to control it.
type world struct {
	*testing.T
	ctl     []string // the words before a command
	environ []string
	socket  string
}

// program is what both daemons are to run twice, as tornadoes:tornado-8000 and -8001.
type program struct {
	command string
	retries string
}

// start runs percore or, for a recording, supervisord, until the test is over.
func start(t *testing.T, p program) *world {
	t.Helper()
	w := &world{T: t, socket: filepath.Join(t.TempDir(), "s")}
	p.command = strings.ReplaceAll(p.command, "{talker}", w.talker())
	var daemon *exec.Cmd
	if *record {
		daemon = w.supervisord(p)
	} else {
		daemon = w.percore(p)
	}
	daemon.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	rig.Start(t, daemon)
	w.await("a socket", func() bool { _, err := os.Stat(w.socket); return err == nil })
	return w
}

// talker is a program that says something on each of its streams.
func (w *world) talker() string {
	w.Helper()
	file := filepath.Join(w.TempDir(), "talker")
	if err := os.WriteFile(file, []byte("#!/bin/sh\necho to stdout\necho to stderr >&2\nexec sleep 1000\n"), 0o700); err != nil {
		w.Fatal(err)
	}
	return file
}

// percore needs no port: the workers do not listen, they only have names.
func (w *world) percore(p program) *exec.Cmd {
	w.ctl = []string{ctl(&kit)}
	w.environ = []string{"PERCORE_CONTROL=" + w.socket, "TZ=UTC"}
	daemon := exec.Command(kit.Percore, append([]string{"--"}, strings.Fields(p.command)...)...)
	daemon.Env = append([]string{
		"PERCORE_MODE=none", "PERCORE_READY=none", "PERCORE_WORKERS=2", "PERCORE_GROUP=tornadoes", "PERCORE_NAME=tornado",
		"PERCORE_STARTRETRIES=" + p.retries, "PATH=" + os.Getenv("PATH"),
	}, w.environ...)
	return daemon
}

func (w *world) supervisord(p program) *exec.Cmd {
	w.Helper()
	configuration := strings.NewReplacer("{socket}", w.socket, "{command}", p.command, "{retries}", p.retries, "{dir}", w.TempDir()).Replace(`
[unix_http_server]
file={socket}
[supervisord]
nodaemon=true
logfile={dir}/log
pidfile={dir}/pid
childlogdir={dir}
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://{socket}
[program:tornado]
command={command}
process_name=tornado-%(process_num)s
numprocs=2
numprocs_start=8000
startretries={retries}
[group:tornadoes]
programs=tornado
`)
	file := filepath.Join(w.TempDir(), "supervisord.conf")
	if err := os.WriteFile(file, []byte(configuration), 0o600); err != nil {
		w.Fatal(err)
	}
	w.ctl = []string{realCtl, "-c", file}
	w.environ = []string{"PYTHONIOENCODING=utf-8", "TZ=UTC"}
	return exec.Command(realDaemon, "-c", file)
}

func (w *world) await(what string, condition func() bool) {
	w.Helper()
	rig.Await(w.T, what, condition)
}

// run makes one command and returns what it printed, to both streams, and its exit code.
func (w *world) run(input string, args ...string) (text string, code int) {
	w.Helper()
	words := append(append([]string{}, w.ctl...), args...)
	command := exec.Command(words[0], words[1:]...)
	command.Env = append(w.environ, "PATH="+os.Getenv("PATH"))
	command.Stdin = strings.NewReader(input)
	out, err := command.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		w.Fatal(err)
	}
	return w.normal(string(out)), command.ProcessState.ExitCode()
}

// varying is what no two runs have in common.
var varying = []struct {
	pattern *regexp.Regexp
	name    string
}{
	{regexp.MustCompile(`pid \d+, uptime \d:\d\d:\d\d`), "pid N, uptime H:MM:SS"},
	{regexp.MustCompile(`[A-Z][a-z]{2} \d\d \d\d:\d\d [AP]M`), "Mon DD HH:MM AM"},
	{regexp.MustCompile(`(?m)^[1-9]\d*$`), "N"},
	{regexp.MustCompile(`use \S*supervisorctl -h`), "use supervisorctl -h"},
}

func (w *world) normal(text string) string {
	text = strings.ReplaceAll(text, w.socket, "SOCKET")
	for _, v := range varying {
		text = v.pattern.ReplaceAllString(text, v.name)
	}
	return text
}

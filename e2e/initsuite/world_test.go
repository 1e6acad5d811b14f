package initsuite

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
)

var worldScenarios = []scenario{
	{part: "World", name: "the environment is the same", run: environment(
		"PATH=/usr/bin:/bin", "HOME=/nowhere", "EMPTY=", "Z=1", "A=2", "LINE=a b\tc=d")},
	{part: "World", name: "even one with a variable twice and one without =", run: environment(
		"PATH=/usr/bin:/bin", "TWICE=1", "TWICE=2", "NOTHING", "LAST=1")},
	{part: "World", name: "the arguments are the same, empty ones too", run: arguments},
	{part: "World", name: "the working directory is the same", run: directory},
	{part: "World", name: "the umask is the same", run: umask},
	{part: "World", name: "all resource limits are the same", run: limits},
	{part: "World", name: "the signal mask is empty", run: emptyMask},
	{part: "World", name: "dispositions are the default ones", run: dispositions},
	{part: "World", name: "signals that were inherited as ignored stay ignored", run: ignored},
	{part: "World", name: "open descriptors are passed on, and none is added", run: descriptors},
	{part: "World", name: "standard input, closed, stays closed", run: closedInput},
	{part: "World", name: "LISTEN_PID names the child", run: listenPID},
	{part: "World", name: "LISTEN_PID of another process is left alone", run: foreignListenPID},
	{part: "World", name: "the child leads a group of its own", run: ownGroup},
	{part: "World", name: "the child stays in its session", run: sameSession},
}

// world is what the reporting child saw, by key.
type world map[string][]string

func (w world) one(key string) string {
	if len(w[key]) == 0 {
		return ""
	}
	return w[key][0]
}

// report runs the reporting child.
func (r *trial) report(l launch) world {
	r.Helper()
	l.command = append(r.probe("report"), l.command...)
	run := r.start(l)
	defer run.end()
	saw := make(world)
	for {
		line, ok := run.line("", patience)
		if !ok {
			r.Logf("the report stopped short; stderr: %s", run.stderr)
			return saw
		}
		if line == "end" {
			return saw
		}
		key, value, _ := strings.Cut(line, ":")
		saw[key] = append(saw[key], strings.TrimLeft(value, " \t"))
	}
}

// bare is what the child sees without an init.
func (r *trial) bare(l launch) world {
	r.Helper()
	l.without = true
	l.with = nil
	return r.report(l)
}

// equal is kept when the lists are, and shows the first difference.
func equal(got, want []string) verdict {
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			return broken("%q is missing", want[i])
		case i >= len(want):
			return broken("%q is added", got[i])
		case got[i] != want[i]:
			return broken("%q, not %q", got[i], want[i])
		}
	}
	return kept()
}

func environment(pairs ...string) func(*trial) verdict {
	// exec.Cmd would tidy it up, so the stage sets it.
	var stage []string
	for _, pair := range pairs {
		stage = append(stage, "env="+pair)
	}
	return func(r *trial) verdict { return equal(r.report(launch{stage: stage})["env"], pairs) }
}

func arguments(r *trial) verdict {
	words := []string{"", "-x", "--", "a b", "{port}", "--version", "ü"}
	return equal(r.report(launch{command: words})["arg"], append([]string{"report"}, words...))
}

func directory(r *trial) verdict {
	dir := r.TempDir()
	return equal(r.report(launch{dir: dir})["cwd"], []string{dir})
}

func umask(r *trial) verdict {
	return equal(r.report(launch{stage: []string{"umask=027"}})["umask"], []string{"027"})
}

func limits(r *trial) verdict {
	l := launch{stage: []string{"nofile=1000"}}
	return equal(r.report(l)["limit"], r.bare(l)["limit"])
}

func emptyMask(r *trial) verdict {
	return equal(r.report(launch{})["SigBlk"], []string{"0000000000000000"})
}

func dispositions(r *trial) verdict {
	saw := r.report(launch{})
	ignored := r.bare(launch{}).one("SigIgn") // make leaves signal 32 ignored, by glibc's posix_spawn
	return equal([]string{saw.one("SigIgn"), saw.one("SigCgt")}, []string{ignored, "0000000000000000"})
}

func ignored(r *trial) verdict {
	signals := []syscall.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGPIPE, syscall.SIGUSR1, syscall.SIGTTOU, syscall.SIGCHLD}
	var stage []string
	for _, sig := range signals {
		stage = append(stage, fmt.Sprintf("ignore=%d", sig))
	}
	return equal(r.report(launch{stage: stage})["SigIgn"], r.bare(launch{stage: stage})["SigIgn"])
}

func descriptors(r *trial) verdict {
	file, err := os.Open(r.file("inherited", "", 0o644))
	if err != nil {
		r.Fatal(err)
	}
	defer file.Close()
	reader, _ := r.pipe()
	// Number 5 is closed, so that there is a gap.
	l := launch{files: []*os.File{file, reader, file, reader}, stage: []string{"close=5"}}
	return equal(numbers(r.report(l)["fd"]), numbers(r.bare(l)["fd"]))
}

// numbers keeps the number and the kind of each descriptor: the pipes to the tests are new in each run.
func numbers(lines []string) []string {
	var all []string
	for _, line := range lines {
		kind, _, _ := strings.Cut(line, ":[")
		all = append(all, kind)
	}
	return all
}

func closedInput(r *trial) verdict {
	l := launch{stage: []string{"close=0"}}
	return equal(numbers(r.report(l)["fd"]), numbers(r.bare(l)["fd"]))
}

// listen runs the report with one socket's worth of socket activation, addressed to a pid.
func (r *trial) listen(pid string) world {
	reader, _ := r.pipe()
	return r.report(launch{
		files:   []*os.File{reader},
		environ: []string{"PATH=/usr/bin:/bin", "LISTEN_PID=" + pid, "LISTEN_FDS=1", "LISTEN_FDNAMES=web", "Z=1"},
	})
}

func listenPID(r *trial) verdict {
	saw := r.listen("1")
	return equal(saw["env"], []string{
		"PATH=/usr/bin:/bin", "LISTEN_PID=" + saw.one("pid"), "LISTEN_FDS=1", "LISTEN_FDNAMES=web", "Z=1",
	})
}

func foreignListenPID(r *trial) verdict {
	got := r.listen("4711")["env"]
	return judge(slices.Contains(got, "LISTEN_PID=4711"), "%q", got)
}

func ownGroup(r *trial) verdict {
	saw := r.report(launch{})
	return equal(saw["pgrp"], saw["pid"])
}

func sameSession(r *trial) verdict {
	return equal(r.report(launch{})["sid"], []string{"1"})
}

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"percore/e2e/program"
)

// machine is what a reader needs to judge the figures.
type machine struct {
	command  string
	date     string
	system   string // kernel and CPUs
	load     string // 1, 5 and 15 minutes, before the run
	versions []string
	took     time.Duration // the whole run
}

func readMachine(ctx context.Context, command string) machine {
	loadavg := strings.Fields(readLine("/proc/loadavg") + " ? ? ?")
	return machine{
		command: command,
		date:    time.Now().UTC().Format("2 January 2006 15:04 UTC"),
		system:  fmt.Sprintf("Linux %s, %d × %s", readLine("/proc/sys/kernel/osrelease"), runtime.NumCPU(), cpuModel()),
		load:    strings.Join(loadavg[:3], " "),
		versions: []string{
			"supervisord " + firstLine(ctx, "supervisord", "--version"),
			firstLine(ctx, "nginx", "-v"),
			"gunicorn " + firstLine(ctx, program.Python, "-c", "import gunicorn; print(gunicorn.__version__)"),
			"Tornado " + firstLine(ctx, program.Python, "-c", "import tornado; print(tornado.version)"),
			firstLine(ctx, program.Python, "--version"),
			"Node " + firstLine(ctx, "node", "--version"),
		},
	}
}

// version is the binary's own, and the commit when it was built here.
func (l *lab) version(ctx context.Context) string {
	return firstLine(ctx, l.percore, "version") + " at " + firstLine(ctx, "git", "describe", "--always", "--dirty")
}

func readLine(path string) string {
	text, _ := os.ReadFile(path) // a missing fact does not stop the bench
	return strings.TrimSpace(string(text))
}

func cpuModel() string {
	for line := range strings.Lines(readLine("/proc/cpuinfo")) {
		if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

// firstLine is the first line that a command prints, on either stream.
func firstLine(ctx context.Context, name string, args ...string) string {
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	if err != nil {
		return fmt.Sprintf("%s: version unknown", name)
	}
	return line
}

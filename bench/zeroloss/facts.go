package main

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"percore/bench/machine"
	"percore/e2e/program"
)

// facts are what a reader needs to judge the figures.
type facts struct {
	command  string
	date     string
	system   string // kernel and CPUs
	load     string // 1, 5 and 15 minutes, before the run
	versions []string
	took     time.Duration // the whole run
}

func readFacts(ctx context.Context, command string) facts {
	return facts{
		command: command,
		date:    time.Now().UTC().Format("2 January 2006 15:04 UTC"),
		system:  fmt.Sprintf("%s, %d × %s", machine.Kernel(), runtime.NumCPU(), machine.CPUModel()),
		load:    machine.LoadAverage(),
		versions: []string{
			"supervisord " + machine.FirstLine(ctx, "supervisord", "--version"),
			machine.FirstLine(ctx, "nginx", "-v"),
			"gunicorn " + machine.FirstLine(ctx, program.Python, "-c", "import gunicorn; print(gunicorn.__version__)"),
			"Tornado " + machine.FirstLine(ctx, program.Python, "-c", "import tornado; print(tornado.version)"),
			machine.FirstLine(ctx, program.Python, "--version"),
			"Node " + machine.FirstLine(ctx, "node", "--version"),
		},
	}
}

// version is the binary's own, and the commit when it was built here.
func (l *lab) version(ctx context.Context) string {
	return machine.FirstLine(ctx, l.percore, "version") + " at " + machine.Commit(ctx)
}

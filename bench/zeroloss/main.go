// Command zeroloss counts the requests that clients lose while workers are restarted, killed and stopped under load: behind
// percore, behind supervisord and nginx, and in gunicorn. It also times respawns, starts and stops and reads what each costs when idle.
//
//	go run ./bench/zeroloss -markdown docs/zero-loss.md
//
// It takes root (each stack is PID 1 of a namespace of its own), about four minutes, and what `e2e/setup.sh bench` installs.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"percore/bench/command"
)

func main() { os.Exit(command.Main("zeroloss", parseOptions, run)) }

// options is the command line.
type options struct {
	parts    []string
	lanes    int
	limit    time.Duration
	percore  string
	markdown string
	command  string // as the page has it, without places of this machine
}

// partNames are the parts of the exercise. The one whose figures are times comes first: it is not the one to be cut short.
func partNames() []string { return []string{"footprint", "restart", "kill", "stop"} }

func parseOptions(args []string, out io.Writer) (options, error) {
	o := options{command: "go run ./bench/zeroloss -markdown docs/zero-loss.md"}
	fs := flag.NewFlagSet("zeroloss", flag.ContinueOnError)
	fs.SetOutput(out)
	fs.IntVar(&o.lanes, "lanes", 3, "trials that run at the same time; those of the footprint always run alone")
	fs.DurationVar(&o.limit, "limit", 6*time.Minute, "no new trial is begun after this")
	fs.StringVar(&o.percore, "percore", "", "percore binary to try (default: build ./entrypoint)")
	fs.StringVar(&o.markdown, "markdown", "", "file to write the page to, for example docs/zero-loss.md (default: standard output)")
	parts := fs.String("parts", strings.Join(partNames(), ","), "what to try")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	o.parts = strings.Split(*parts, ",")
	for _, part := range o.parts {
		if !slices.Contains(partNames(), part) {
			return o, fmt.Errorf("choose part %q: not one of %s", part, strings.Join(partNames(), ", "))
		}
	}
	if o.lanes < 1 {
		return o, errors.New("parse flags: lanes start at 1")
	}
	return o, nil
}

// run tries everything and writes the page. Every process it started has ended when it returns.
func run(ctx context.Context, o options, out, notes io.Writer) error {
	began := time.Now()
	facts := readFacts(ctx, o.command)
	l, err := newLab(ctx, o.percore, notes)
	if l != nil {
		defer l.close()
	}
	if err != nil {
		return err
	}
	facts.versions = append([]string{l.version(ctx)}, facts.versions...)
	r := l.exercise(ctx, o, began.Add(o.limit))
	r.facts, r.configurations = facts, l.configurations()
	r.facts.took = time.Since(began)
	return command.WritePage(o.markdown, out, r.page())
}

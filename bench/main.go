// Command bench compares percore's front door with nginx, HAProxy, net/http's ReverseProxy and a C relay that parses nothing,
// side by side on one machine in one run, and prints CPU time and system calls per request, ratios, resident memory, and
// latency under uneven service times and overload.
//
// Ratios of CPU time survive a noisy machine; requests per second do not, so they are not printed. Variants are interleaved
// in short slices, the proxy has one CPU and the load generator and the worker another, every byte of every answer is checked.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"
)

func main() {
	// Children are started from this thread alone: it lends them its affinity, and its end is theirs (Pdeathsig).
	runtime.LockOSThread()
	opts, err := parseOptions(os.Args[1:], os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, opts, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options is the command line.
type options struct {
	rounds   int
	slice    time.Duration
	limit    time.Duration
	subjects []string
	rows     []row
	parts    []string
	tail     time.Duration
	idle     int
	percore  string
	markdown string
	command  string
}

// has tells whether a part of the bench other than the rows was asked for.
func (o options) has(part string) bool { return contains(o.parts, part) }

func parseOptions(args []string, out io.Writer) (options, error) {
	o := options{command: strings.TrimSpace("go run ./bench " + strings.Join(args, " "))}
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.SetOutput(out)
	fs.IntVar(&o.rounds, "rounds", 10, "interleaved rounds; at least 8 for figures worth keeping")
	fs.DurationVar(&o.slice, "slice", 250*time.Millisecond, "measured time per subject, row and round")
	fs.DurationVar(&o.limit, "limit", 210*time.Second, "no new round is begun after this")
	fs.DurationVar(&o.tail, "tail", 40*time.Second, "how long each of the three runs of uneven service times lasts")
	fs.IntVar(&o.idle, "idle", 5000, "connections of the memory row")
	fs.StringVar(&o.percore, "percore", "", "percore binary to measure (default: build ./entrypoint)")
	fs.StringVar(&o.markdown, "markdown", "", "file whose measured section is replaced, for example docs/bench.md")
	names := fs.String("subjects", strings.Join(subjectNames(), ","), "what to measure")
	rows := fs.String("rows", strings.Join(rowNames(), ","), "workloads to measure")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	if o.rounds < 1 || o.slice < time.Millisecond || o.idle < 1 {
		return o, errors.New("parse flags: rounds, slice and idle start at 1, 1ms and 1")
	}
	var err error
	if o.subjects, err = chooseSubjects(*names); err != nil {
		return o, err
	}
	o.rows, o.parts, err = chooseRows(*rows)
	return o, err
}

// run is the whole benchmark: prepare, measure, print. Every process it started has ended when it returns.
func run(ctx context.Context, o options, out, notes io.Writer) error {
	facts := readMachine(o.command)
	fmt.Fprintf(notes, "%s\n", facts.text())
	l, err := newLab(notes)
	if err != nil {
		return err
	}
	defer l.close()
	if err := l.startWorker(ctx); err != nil {
		return err
	}
	field, err := l.assemble(ctx, o)
	if err != nil {
		return err
	}
	b, err := l.measure(ctx, o, field)
	if err != nil {
		return err
	}
	facts.versions = l.versions
	report := newReport(facts, o, b)
	fmt.Fprint(out, report.text())
	if o.markdown == "" {
		return nil
	}
	if err := updateDocument(o.markdown, summarySection(), report.summary()); err != nil {
		return err
	}
	return updateDocument(o.markdown, measuredSection(), report.markdown())
}

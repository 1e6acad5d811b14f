// Command bench compares percore's front door with nginx, HAProxy, net/http's ReverseProxy and a C relay that parses nothing,
// side by side on one machine in one run, and prints CPU time and system calls per request, ratios, resident memory, and
// latency under uneven service times and overload.
//
// Ratios of CPU time survive a noisy machine; requests per second do not, so they are not printed. Variants are interleaved
// in short slices, the proxy has one CPU and the load generator and the worker another, every byte of every answer is checked.
//
// Here stand what is measured and how: row.go has the workloads, measure.go the rounds, slow.go what slow clients do to others,
// board.go what came of them, goals.go and report.go what it means. The rooms below know nothing of that: subject has the proxies, load what is asked of them, native
// the programs in C, machine the CPUs and the processes on them, page what is printed, command the command line. The two other
// benches, zeroloss and kept, stand on the same rooms. Begin with run.
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
	"percore/bench/machine"
	"percore/bench/page"
	"percore/bench/subject"
)

func main() { os.Exit(command.Main("bench", parseOptions, run)) }

// options is the command line.
type options struct {
	rounds   int
	slice    time.Duration
	limit    time.Duration
	subjects []string
	rows     []row
	parts    []string
	tail     time.Duration
	slow     time.Duration
	idle     int
	percore  string
	markdown string
	command  string
}

// has tells whether a part of the bench other than the rows was asked for.
func (o options) has(part string) bool { return slices.Contains(o.parts, part) }

func parseOptions(args []string, out io.Writer) (options, error) {
	o := options{command: strings.TrimSpace("go run ./bench " + strings.Join(args, " "))}
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.SetOutput(out)
	fs.IntVar(&o.rounds, "rounds", 10, "interleaved rounds; at least 8 for figures worth keeping")
	fs.DurationVar(&o.slice, "slice", 250*time.Millisecond, "measured time per subject, row and round")
	fs.DurationVar(&o.limit, "limit", 210*time.Second, "no new round is begun after this")
	fs.DurationVar(&o.tail, "tail", 40*time.Second, "how long each of the three runs of uneven service times lasts")
	fs.DurationVar(&o.slow, "slow", 5*time.Second, "how long each run beside slow clients lasts, and each without them")
	fs.IntVar(&o.idle, "idle", 5000, "connections of the memory row")
	fs.StringVar(&o.percore, "percore", "", "percore binary to measure (default: build ./entrypoint)")
	fs.StringVar(&o.markdown, "markdown", "", "file whose measured section is replaced, for example docs/bench.md")
	names := fs.String("subjects", strings.Join(subject.Names(), ","), "what to measure")
	rows := fs.String("rows", strings.Join(usualNames(), ","), "workloads to measure; by name alone: "+strings.Join(heldNames(), ",")+", or "+heldGroup+" for these")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	if o.rounds < 1 || o.slice < time.Millisecond || o.idle < 1 {
		return o, errors.New("parse flags: rounds, slice and idle start at 1, 1ms and 1")
	}
	var err error
	if o.subjects, err = subject.Choose(*names); err != nil {
		return o, err
	}
	o.rows, o.parts, err = chooseRows(*rows)
	return o, err
}

// run is the whole benchmark: prepare, measure, print. Every process it started has ended when it returns.
func run(ctx context.Context, o options, out, notes io.Writer) error {
	facts := machine.ReadFacts(o.command)
	fmt.Fprintf(notes, "%s\n", facts.Text())
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
	facts.Versions = l.versions
	report := newReport(facts, o, b)
	fmt.Fprint(out, report.text())
	if o.markdown == "" {
		return nil
	}
	return report.write(o.markdown)
}

// writer is what the sections of the page say that they are written by.
const writer = "go run ./bench -markdown"

// summarySection has the goals, at the page's top.
func summarySection() page.Section { return page.Section{Name: "summary", Writer: writer} }

// measuredSection has the tables, at its end.
func measuredSection() page.Section { return page.Section{Name: "measured", Writer: writer} }

// heldSection has goals and tables of the runs about held bodies, which leave the other sections alone.
func heldSection() page.Section { return page.Section{Name: "held", Writer: writer} }

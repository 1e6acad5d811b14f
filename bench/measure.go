package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"percore/bench/load"
	"percore/bench/machine"
	"percore/bench/subject"
	"percore/e2e/proc"
)

// traceSlice is short: a traced proxy is several times slower and only its counts are kept.
const traceSlice = 200 * time.Millisecond

// measure runs the rounds, then the other parts. Within a round every subject gets one slice of every row, and each round begins with another
// subject, so that a slow drift of the machine hits all alike.
func (l *lab) measure(ctx context.Context, o options, field []*runner) (*board, error) {
	b := newBoard()
	deadline := time.Now().Add(o.limit)
	for _, r := range o.rows {
		for _, s := range field {
			l.trace(ctx, b, r, s)
		}
	}
	for b.rounds < o.rounds && len(o.rows) > 0 && ctx.Err() == nil && time.Now().Before(deadline) {
		for _, r := range o.rows {
			for i := range field {
				l.sample(ctx, b, r, field[(i+b.rounds)%len(field)], o.slice)
			}
		}
		b.rounds++
		l.note("round %d of %d", b.rounds, o.rounds)
	}
	if o.has(memoryPart) && ctx.Err() == nil {
		l.measureQuiet(ctx, b, field)
		for _, s := range field {
			if s.variant == subject.Plain() && len(s.Only) == 0 {
				l.measureMemory(ctx, b, s, o.idle)
			}
		}
	}
	if o.has(tailsPart) && ctx.Err() == nil {
		l.measureTails(ctx, b, o)
	}
	if o.has(overloadPart) && ctx.Err() == nil {
		l.measureOverload(ctx, b, o)
	}
	for _, c := range crowds() {
		if o.has(c.part) && ctx.Err() == nil {
			l.measureSlow(ctx, b, o, c)
		}
	}
	if ctx.Err() != nil {
		return nil, fmt.Errorf("measure: %w", context.Cause(ctx))
	}
	return b, nil
}

// sample measures one slice. A cell that failed once is not measured again: its proxy gave a wrong answer.
func (l *lab) sample(ctx context.Context, b *board, r row, s *runner, slice time.Duration) {
	c := b.cell(r.name, s.Name)
	if skips(r, s) || c.err != nil {
		return
	}
	taken, err := l.slice(ctx, r, s, slice)
	if err != nil {
		l.fail(ctx, c, r, s, err)
		return
	}
	c.samples = append(c.samples, taken)
}

// trace counts the system calls of one row. Without strace the column stays empty.
func (l *lab) trace(ctx context.Context, b *board, r row, s *runner) {
	if skips(r, s) || ctx.Err() != nil {
		return
	}
	c := b.cell(r.name, s.Name)
	g, err := load.Start(ctx, l.generator(r), l.spec(r, s, traceSlice))
	if err != nil {
		l.fail(ctx, c, r, s, err)
		return
	}
	var total load.Total
	before := s.allocated(ctx)
	counts, err := machine.CountSyscalls(ctx, l.dir, s.counted, func() error {
		var e error
		total, e = g.Run()
		return e
	})
	c.mallocs = float64(s.allocated(ctx)-before) / float64(max(total.Requests, 1))
	if err == nil {
		c.syscalls, c.syscallDetail = counts.PerRequest(total.Requests * r.units())
	} else {
		l.note("no system call count for %s %s: %v", s.Name, r.name, err)
	}
	if err := g.Close(); err != nil {
		l.note("load for %s %s: %v", s.Name, r.name, err)
	}
}

// skips is true where a subject does not take part, and where a figure would compare different things: the relay cannot share
// connections to the worker.
func skips(r row, s *runner) bool {
	return r.Variant != s.variant || s.Raw && r.closeEach || len(s.Only) > 0 && !slices.Contains(s.Only, r.name)
}

func (l *lab) fail(ctx context.Context, c *cell, r row, s *runner, err error) {
	if ctx.Err() != nil {
		return
	}
	c.err = err
	l.note("FAILED %s %s: %v", s.Name, r.name, errors.Join(err, s.process.Ended()))
}

// generator is the program that loads a row.
func (l *lab) generator(r row) string {
	if r.Holds {
		return l.programs.Bodies
	}
	return l.programs.Load
}

// late is how long a late client waits for a worker to be let go. A proxy which holds answers takes milliseconds for it.
const late = 500 * time.Millisecond

func (l *lab) spec(r row, s *runner, run time.Duration) load.Spec {
	spec := load.Spec{
		Port: s.port, Conns: r.conns, BodyBytes: r.bodyBytes, CPU: l.cpus.Load,
		Run: run, Warm: load.Warm, CloseEach: r.closeEach, Rate: r.rate, Upload: r.upload, Chunked: r.chunked,
	}
	if r.late {
		spec.Late = late
	}
	return spec
}

// slice reads the clocks while no request is in flight, before and after, so that they cover exactly the counted requests.
func (l *lab) slice(ctx context.Context, r row, s *runner, run time.Duration) (sample, error) {
	g, err := load.Start(ctx, l.generator(r), l.spec(r, s, run))
	if err != nil {
		return sample{}, err
	}
	taken, err := s.timed(g)
	taken.units = taken.total.Requests * r.units()
	return taken, errors.Join(err, g.Close())
}

func (s *runner) timed(g *load.Generator) (sample, error) {
	before, err := proc.ReadUsage(s.counted)
	if err != nil {
		return sample{}, err
	}
	asideBefore, err := proc.ReadUsage(s.aside)
	if err != nil {
		return sample{}, err
	}
	total, err := g.Run()
	if err != nil {
		return sample{}, err
	}
	after, err := proc.ReadUsage(s.counted)
	if err != nil {
		return sample{}, err
	}
	asideAfter, err := proc.ReadUsage(s.aside)
	return sample{total: total, used: after.Minus(before), aside: asideAfter.Minus(asideBefore)}, err
}

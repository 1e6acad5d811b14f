package main

import (
	"context"
	"time"

	"percore/bench/load"
	"percore/bench/subject"
	"percore/e2e/proc"
)

const (
	quietSettle = 2 * time.Second // what happens right after the last request does not count
	quietSpan   = 3 * time.Second
)

// measureQuiet measures what each subject does with nobody talking to it: all at once, as they do not disturb each other.
// percore's PID 1 counts here.
func (l *lab) measureQuiet(ctx context.Context, b *board, field []*runner) {
	if !load.Pause(ctx, quietSettle) {
		return
	}
	before := map[*runner]proc.Usage{}
	for _, s := range field {
		if u, err := proc.ReadUsage(append(s.aside, s.counted...)); err == nil && s.variant == subject.Plain() {
			before[s] = u
		}
	}
	if !load.Pause(ctx, quietSpan) {
		return
	}
	for s, from := range before {
		if to, err := proc.ReadUsage(append(s.aside, s.counted...)); err == nil {
			b.quiet[s.Name] = to.Minus(from).CPU.Seconds() / quietSpan.Seconds()
		}
	}
}

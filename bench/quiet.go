package main

import (
	"context"
	"time"

	"percore/e2e/proc"
)

const (
	quietSettle = 2 * time.Second // what happens right after the last request does not count
	quietSpan   = 3 * time.Second
)

// measureQuiet measures what each subject does with nobody talking to it: all at once, as they do not disturb each other.
// percore's PID 1 counts here.
func (l *lab) measureQuiet(ctx context.Context, b *board, field []*runner) {
	if !pause(ctx, quietSettle) {
		return
	}
	before := map[*runner]proc.Usage{}
	for _, s := range field {
		if u, err := proc.ReadUsage(append(s.aside, s.counted...)); err == nil && s.variant == plain() {
			before[s] = u
		}
	}
	if !pause(ctx, quietSpan) {
		return
	}
	for s, from := range before {
		if to, err := proc.ReadUsage(append(s.aside, s.counted...)); err == nil {
			b.quiet[s.name] = to.Minus(from).CPU.Seconds() / quietSpan.Seconds()
		}
	}
}

// pause waits, and reports whether the context is still alive.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

package main

import (
	"math"
	"testing"
	"time"

	"percore/bench/load"
	"percore/e2e/proc"
)

func TestPercentile(t *testing.T) {
	cases := []struct {
		name   string
		values []float64
		p      float64
		want   float64
	}{
		{"the minimum is percentile 0", []float64{3, 1, 2}, 0, 1},
		{"the maximum is percentile 100", []float64{3, 1, 2}, 100, 3},
		{"the median of three", []float64{3, 1, 2}, 50, 2},
		{"a rank that falls on a value", []float64{50, 10, 20, 30, 40}, 25, 20},
		{"a rank between two values", []float64{10, 20}, 25, 12.5},
		{"a single value", []float64{7}, 25, 7},
		{"no value", nil, 25, math.NaN()},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := percentile(c.values, c.p)
			if got != c.want && !(math.IsNaN(got) && math.IsNaN(c.want)) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestPercentileLeavesItsInputAlone(t *testing.T) {
	values := []float64{3, 1, 2}
	percentile(values, 50)
	if values[0] != 3 || values[1] != 1 || values[2] != 2 {
		t.Errorf("got %v, want 3 1 2", values)
	}
}

// sampleOf is a slice of half a second.
func sampleOf(requests int64, cpu time.Duration, user, sys uint64) sample {
	return sample{
		units: requests,
		total: load.Total{Requests: requests, Elapsed: 500 * time.Millisecond},
		used:  proc.Usage{CPU: cpu, User: user, Sys: sys},
		aside: proc.Usage{CPU: time.Duration(requests) * time.Microsecond},
	}
}

func TestSummarize(t *testing.T) {
	c := cell{samples: []sample{
		sampleOf(10000, 300*time.Millisecond, 10, 20),
		sampleOf(10000, 200*time.Millisecond, 10, 20),
		sampleOf(20000, 500*time.Millisecond, 0, 40),
	}}
	got := c.summarize()
	want := summary{p25: 22.5, min: 20, userShare: 0.2, busy: 0.6, aside: 1}
	if math.Abs(got.p25-want.p25) > 1e-9 || got.min != want.min || got.busy != want.busy {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got.userShare != want.userShare || math.Abs(got.aside-want.aside) > 1e-9 {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestUserShareIsUnknownForAHandfulOfTicks(t *testing.T) {
	if got := userShare(proc.Usage{User: 10, Sys: 39}); !math.IsNaN(got) {
		t.Errorf("got %v, want NaN", got)
	}
	if got := userShare(proc.Usage{User: 10, Sys: 40}); got != 0.2 {
		t.Errorf("got %v, want 0.2", got)
	}
}

func TestCellIsMadeOnce(t *testing.T) {
	b := newBoard()
	b.cell("1k-64", "nginx").syscalls = 5
	if got := b.cell("1k-64", "nginx").syscalls; got != 5 {
		t.Errorf("got %v, want 5", got)
	}
	if got := b.cell("nginx", "1k-64").syscalls; got != 0 {
		t.Errorf("got %v for another cell, want 0", got)
	}
}

func TestPerConnectionMemory(t *testing.T) {
	m := memory{conns: 1000, warm: 5_000_000, idle: 5_160_000}
	if got := m.perConn(); got != 160 {
		t.Errorf("got %v bytes, want 160", got)
	}
}

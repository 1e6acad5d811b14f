package main

import (
	"math"
	"sort"

	"percore/bench/load"
	"percore/e2e/proc"
)

// board collects everything that was measured.
type board struct {
	rounds int
	cells  map[[2]string]*cell
	memory map[string]memory
	quiet  map[string]float64 // share of a core used while nobody talks to it

	tails, overload []*trial
	slow            []*slowTrial
}

// cell is one subject in one row.
type cell struct {
	samples       []sample
	syscalls      float64 // per unit; 0 when not counted
	syscallDetail string
	mallocs       float64 // heap allocations per request, of subjects that tell
	err           error   // what ended the measurement of this cell
}

// sample is one slice.
type sample struct {
	total       load.Total
	units       int64 // what the cost is divided by: requests, or mebibytes
	used, aside proc.Usage
}

// microseconds is the CPU time per unit.
func (s sample) microseconds() float64 {
	return s.used.CPU.Seconds() * 1e6 / float64(s.units)
}

// busy is the share of one CPU that the proxy used.
func (s sample) busy() float64 { return s.used.CPU.Seconds() / s.total.Elapsed.Seconds() }

func newBoard() *board {
	return &board{cells: map[[2]string]*cell{}, memory: map[string]memory{}, quiet: map[string]float64{}}
}

// cell finds or makes the cell of a row and a subject.
func (b *board) cell(row, subject string) *cell {
	key := [2]string{row, subject}
	if b.cells[key] == nil {
		b.cells[key] = &cell{}
	}
	return b.cells[key]
}

// summary is what a table shows of a cell.
type summary struct {
	p25, min  float64 // microseconds of CPU time per unit of the row
	userShare float64 // of the CPU time, 0 to 1; NaN when too little was sampled
	busy      float64 // median share of one CPU
	aside     float64 // microseconds per unit of processes reported aside
	streamed  float64 // share of the answers that nothing held for a late client
}

// summarize needs at least one sample.
func (c *cell) summarize() summary {
	var micros, busy []float64
	var used, aside proc.Usage
	var requests, units, streamed int64
	for _, s := range c.samples {
		micros = append(micros, s.microseconds())
		busy = append(busy, s.busy())
		used, aside = used.Plus(s.used), aside.Plus(s.aside)
		requests, units, streamed = requests+s.total.Requests, units+s.units, streamed+s.total.Streamed
	}
	return summary{
		p25: percentile(micros, 25), min: percentile(micros, 0), busy: percentile(busy, 50),
		userShare: userShare(used), aside: aside.CPU.Seconds() * 1e6 / float64(units),
		streamed: float64(streamed) / float64(requests),
	}
}

// userShare needs about fifty ticks before a percentage means anything.
func userShare(u proc.Usage) float64 {
	if u.User+u.Sys < 50 {
		return math.NaN()
	}
	return float64(u.User) / float64(u.User+u.Sys)
}

// percentile interpolates linearly between the two nearest ranks; 0 is the minimum. It is NaN for no values.
func percentile(values []float64, p float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := append([]float64(nil), values...)
	sort.Float64s(sorted)
	rank := p / 100 * float64(len(sorted)-1)
	low := int(rank)
	if low+1 == len(sorted) {
		return sorted[low]
	}
	return sorted[low] + (rank-float64(low))*(sorted[low+1]-sorted[low])
}

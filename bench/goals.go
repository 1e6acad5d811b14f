package main

import (
	"math"

	"percore/bench/page"
)

// goal is a figure that percore is to keep below a bar, or above it.
type goal struct {
	figure   string
	bar      float64
	atLeast  bool
	decimals int
	unit     string
	measured func(*board) float64
	floor    func(*board) float64 // the same figure of the relay, which parses nothing; nil where it has none
}

// goals are those of the design, in its order. What they do not list, heap allocations per request, is asserted by the test
// TestAProxiedRequestAllocatesNothing; TLS is not measured here.
func goals() []goal {
	const tail = "bimodal-70"
	return []goal{
		against("CPU per request, 1 KiB over keep-alive", requiredRow, "nginx", 0.75),
		against("CPU per request, 1 KiB over keep-alive", requiredRow, "haproxy", 0.80),
		against("CPU per request, 1 KiB over keep-alive", requiredRow, "relay", 1.25),
		{figure: "system calls per request, 64 connections", bar: 4.2, decimals: 2, measured: func(b *board) float64 { return known(b.cell(requiredRow, "percore").syscalls) }},
		against("new connection and one request", "close", "nginx", 0.85),
		against("64 KiB answer", "64k", "nginx stock", 0.50),
		against("64 KiB answer", "64k", "nginx", 0.50),
		against("64 KiB answer", "64k", "haproxy stock", 0.65),
		against("64 KiB answer", "64k", "haproxy", 0.65),
		against("1 MiB answer", "1m", "nginx stock", 0.55),
		against("1 MiB answer", "1m", "nginx", 0.55),
		against("1 MiB answer", "1m", "haproxy stock", 0.65),
		against("1 MiB answer", "1m", "haproxy", 0.65),
		{figure: "resident bytes per idle connection", bar: 160, measured: func(b *board) float64 { return idleBytes(b) }},
		against("lone requests, 1000 per second", "lone", "relay", 1.6),
		{figure: "CPU while idle, PID 1 and front door", bar: 0.05, decimals: 3, unit: " %", measured: func(b *board) float64 { return quiet(b) * 100 }},
		{figure: "p99, uneven service times, × haproxy maxconn 1", bar: 1.1, decimals: 2, measured: func(b *board) float64 {
			return tailRatio(b, tail, "haproxy maxconn 1")
		}},
		{figure: "p99, uneven service times, × nginx round robin", bar: 0.5, decimals: 2, measured: func(b *board) float64 {
			return tailRatio(b, tail, "nginx round robin")
		}},
		{figure: "goodput at 5 × overload, of capacity", bar: 95, atLeast: true, unit: " %", measured: func(b *board) float64 {
			return shareOf(settled(b.overload, overloadPart), "percore, one at a time") * 100
		}},
		{figure: "memory growth in the overload's second half", bar: 10, decimals: 1, unit: " %", measured: func(b *board) float64 {
			return growthOf(b.overload, "percore, one at a time") * 100
		}},
		against("CPU per request, 1 KiB over keep-alive", requiredRow, "net/http", 0.33),
	}
}

// heldGoals are those of held bodies.
func heldGoals() []goal {
	list := []goal{
		against("upload of 1 MiB", "upload-1m", "nginx", 1),
		against("upload of 1 MiB in chunks", "upload-1m-chunked", "nginx", 1),
		against("upload of 64 MiB", "upload-64m", "nginx", 1),
		against("upload of 64 MiB in chunks", "upload-64m-chunked", "nginx", 1),
	}
	for _, c := range crowds() {
		list = append(list,
			goal{figure: "answers to others beside " + c.title + ", of those without", bar: 95, atLeast: true, unit: " %", measured: func(b *board) float64 {
				return 100 * slowRatio(b.slow, c.part, (*asked).throughput)
			}},
			goal{figure: "p99 of others without " + c.title + ", of that beside them", bar: 95, atLeast: true, unit: " %", measured: func(b *board) float64 {
				return 100 / slowRatio(b.slow, c.part, (*asked).p99)
			}},
		)
	}
	return list
}

// against compares percore's CPU time with a reference's, and the relay's beside it.
func against(figure, row, reference string, bar float64) goal {
	of := func(subject string) func(*board) float64 {
		return func(b *board) float64 { return b.ratio(row, subject, reference) }
	}
	return goal{figure: figure + ", × " + reference, bar: bar, decimals: 2, measured: of("percore"), floor: of("relay")}
}

// tailRatio compares the p99 of percore, one request at a time per worker, with another's.
func tailRatio(b *board, scenario, other string) float64 {
	trials := settled(b.tails, scenario)
	return p99Of(trials, scenario, "percore, one at a time") / p99Of(trials, scenario, other)
}

// known is NaN for a count of 0, which was not taken.
func known(v float64) float64 {
	if v == 0 {
		return math.NaN()
	}
	return v
}

func idleBytes(b *board) float64 {
	m, ok := b.memory["percore"]
	if !ok {
		return math.NaN()
	}
	return m.perConn()
}

func quiet(b *board) float64 {
	share, ok := b.quiet["percore"]
	if !ok {
		return math.NaN()
	}
	return share
}

// met compares what the page shows: a figure that rounds to the bar has reached it.
func (g goal) met(v float64) bool {
	scale := math.Pow(10, float64(g.decimals))
	v = math.Round(v*scale) / scale
	return v == g.bar || v < g.bar != g.atLeast
}

// verdict says whether a goal is reached, by how much it is missed, and whether it is out of reach: missed by the floor too.
func (g goal) verdict(v, floor float64) string {
	switch {
	case math.IsNaN(v):
		return "not measured"
	case g.met(v):
		return "reached"
	case !math.IsNaN(floor) && !g.met(floor):
		return "missed by " + page.Figure(100*(v-g.bar)/g.bar, 0) + " %, and by the relay"
	case g.atLeast:
		return "missed by " + page.Figure(100*(g.bar-v)/g.bar, 0) + " %"
	default:
		return "missed by " + page.Figure(100*(v-g.bar)/g.bar, 0) + " %"
	}
}

func (g goal) limit() string {
	if g.atLeast {
		return "≥ " + page.Figure(g.bar, 0) + g.unit
	}
	if g.bar >= 2 && g.bar == math.Trunc(g.bar) {
		return "≤ " + page.Figure(g.bar, 0) + g.unit
	}
	return "≤ " + page.Figure(g.bar, 2) + g.unit
}

// goalTable is the summary of a run.
func goalTable(title string, goals []goal, b *board) page.Table {
	t := page.Table{Title: title, Header: []string{"figure", "goal", "measured", "the relay", "verdict"}}
	for _, g := range goals {
		v, floor := g.measured(b), math.NaN()
		if g.floor != nil {
			floor = g.floor(b)
		}
		measured := page.Figure(v, g.decimals)
		if !math.IsNaN(v) {
			measured += g.unit
		}
		t.Rows = append(t.Rows, []string{g.figure, g.limit(), measured, page.Figure(floor, g.decimals), g.verdict(v, floor)})
	}
	return t
}

package main

import (
	"fmt"
	"math"
	"strings"
)

// requiredRow is the workload that most goals are about.
const requiredRow = "1k-64"

// references are what every subject of a row is divided by, as far as they were measured in it.
func (b *board) references(row string) (measured []string) {
	for _, name := range []string{"nginx", "nginx stock", "haproxy", "haproxy stock", "net/http", "relay"} {
		if len(b.cell(row, name).samples) > 0 {
			measured = append(measured, name)
		}
	}
	return measured
}

// report is the printable result.
type report struct {
	facts  machine
	tables []table
	goals  table
	method string
}

func newReport(facts machine, o options, b *board) report {
	r := report{facts: facts, goals: goalTable(b)}
	r.method = fmt.Sprintf("CPU time of the proxy's processes per completed request, %d interleaved rounds of %s slices.", b.rounds, o.slice)
	for _, row := range o.rows {
		r.tables = append(r.tables, rowTable(row, o.subjects, b))
	}
	r.tables = append(r.tables, tailTables(b.tails)...)
	if len(b.overload) > 0 {
		r.tables = append(r.tables, overloadTable(b.overload))
	}
	if len(b.memory) > 0 {
		r.tables = append(r.tables, memoryTable(o.subjects, b))
	}
	return r
}

func (r report) text() string {
	var b strings.Builder
	b.WriteString(r.facts.text() + "\n" + r.goals.text() + "\n" + r.method + "\n")
	for _, t := range r.tables {
		b.WriteString(t.text())
	}
	return b.String()
}

// summary is what a reader wants to know first.
func (r report) summary() string {
	return r.goals.markdown() + fmt.Sprintf("\nMeasured %s; load average %s. %s\n", r.facts.date, r.facts.load, r.method)
}

func (r report) markdown() string {
	var b strings.Builder
	b.WriteString(r.method + "\n")
	for _, t := range r.tables {
		b.WriteString(t.markdown())
	}
	b.WriteString("\n### The machine\n\n```text\n" + r.facts.text() + "\n```\n")
	return b.String()
}

// ratio divides the p25s of two subjects in a row; NaN when either is missing.
func (b *board) ratio(row, subject, reference string) float64 {
	over, under := b.cell(row, subject), b.cell(row, reference)
	if len(over.samples) == 0 || len(under.samples) == 0 {
		return math.NaN()
	}
	return over.summarize().p25 / under.summarize().p25
}

func rowTable(r row, subjects []string, b *board) table {
	t := table{title: r.title, header: []string{"proxy", "µs/request p25", "min", "user:sys", "busy", "syscalls/request"}}
	references := b.references(r.name)
	for _, reference := range references {
		t.header = append(t.header, "× "+reference)
	}
	var notes []string
	for _, name := range subjects {
		c := b.cell(r.name, name)
		if c.err != nil {
			notes = append(notes, fmt.Sprintf("%s FAILED: %v", name, c.err))
		}
		if len(c.samples) == 0 {
			continue
		}
		s := c.summarize()
		line := []string{name, figure(s.p25, 1), figure(s.min, 1), share(s.userShare), percent(s.busy), calls(c.syscalls)}
		for _, reference := range references {
			line = append(line, figure(b.ratio(r.name, name, reference), 2))
		}
		t.rows = append(t.rows, line)
		notes = append(notes, cellNotes(name, c, s)...)
	}
	t.note = strings.Join(notes, "\n")
	return t
}

func cellNotes(name string, c *cell, s summary) []string {
	var notes []string
	if c.mallocs > 0 {
		notes = append(notes, fmt.Sprintf("%s: %.0f heap allocations per request", name, c.mallocs))
	}
	if c.syscallDetail != "" {
		notes = append(notes, name+": "+c.syscallDetail)
	}
	if s.aside >= 0.05 {
		notes = append(notes, fmt.Sprintf("%s: PID 1 used %.2f µs/request besides", name, s.aside))
	}
	return notes
}

func memoryTable(subjects []string, b *board) table {
	t := table{
		title:  "Resident memory, a fresh process with one worker",
		header: []string{"proxy", "at start, MB", "after a burst, MB", "idle connections", "MB with them", "bytes per connection", "CPU while idle"},
	}
	for _, name := range subjects {
		m, ok := b.memory[name]
		if !ok {
			continue
		}
		t.rows = append(t.rows, []string{name, mega(m.start), mega(m.warm), fmt.Sprint(m.conns), mega(m.idle), figure(m.perConn(), 0), quietShare(b, name)})
		if m.aside > 0 {
			t.note = fmt.Sprintf("%s: the front door alone; PID 1 has %s MB besides.", name, mega(m.aside))
		}
	}
	return t
}

// quietShare is the share of a core that a subject uses while nobody talks to it.
func quietShare(b *board, name string) string {
	share, ok := b.quiet[name]
	if !ok {
		share = math.NaN()
	}
	return figure(share*100, 3) + " %"
}

func figure(v float64, decimals int) string {
	if math.IsNaN(v) {
		return "–"
	}
	return fmt.Sprintf("%.*f", decimals, v)
}

func calls(v float64) string {
	if v == 0 {
		return "–"
	}
	return figure(v, 2)
}

func percent(v float64) string { return figure(v*100, 0) + " %" }

func share(user float64) string {
	if math.IsNaN(user) {
		return "–"
	}
	return fmt.Sprintf("%.0f:%.0f", user*100, 100-user*100)
}

func mega(bytes int64) string { return figure(float64(bytes)/1e6, 1) }

package main

import (
	"fmt"
	"math"
	"strings"

	"percore/bench/machine"
	"percore/bench/page"
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
	facts  machine.Facts
	tables []page.Table
	goals  page.Table
	method string
}

func newReport(facts machine.Facts, o options, b *board) report {
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
	b.WriteString(r.facts.Text() + "\n" + r.goals.Text() + "\n" + r.method + "\n")
	for _, t := range r.tables {
		b.WriteString(t.Text())
	}
	return b.String()
}

// summary is what a reader wants to know first.
func (r report) summary() string {
	return r.goals.Markdown() + fmt.Sprintf("\nMeasured %s; load average %s. %s\n", r.facts.Date, r.facts.Load, r.method)
}

func (r report) markdown() string {
	var b strings.Builder
	b.WriteString(r.method + "\n")
	for _, t := range r.tables {
		b.WriteString(t.Markdown())
	}
	b.WriteString("\n### The machine\n\n```text\n" + r.facts.Text() + "\n```\n")
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

func rowTable(r row, subjects []string, b *board) page.Table {
	t := page.Table{Title: r.title, Header: []string{"proxy", "µs/request p25", "min", "user:sys", "busy", "syscalls/request"}}
	references := b.references(r.name)
	for _, reference := range references {
		t.Header = append(t.Header, "× "+reference)
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
		line := []string{name, page.Figure(s.p25, 1), page.Figure(s.min, 1), page.Share(s.userShare), page.Percent(s.busy), page.Count(c.syscalls)}
		for _, reference := range references {
			line = append(line, page.Figure(b.ratio(r.name, name, reference), 2))
		}
		t.Rows = append(t.Rows, line)
		notes = append(notes, cellNotes(name, c, s)...)
	}
	t.Note = strings.Join(notes, "\n")
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

func memoryTable(subjects []string, b *board) page.Table {
	t := page.Table{
		Title:  "Resident memory, a fresh process with one worker",
		Header: []string{"proxy", "at start, MB", "after a burst, MB", "idle connections", "MB with them", "bytes per connection", "CPU while idle"},
	}
	for _, name := range subjects {
		m, ok := b.memory[name]
		if !ok {
			continue
		}
		t.Rows = append(t.Rows, []string{name, page.Mega(m.start), page.Mega(m.warm), fmt.Sprint(m.conns), page.Mega(m.idle), page.Figure(m.perConn(), 0), quietShare(b, name)})
		if m.aside > 0 {
			t.Note = fmt.Sprintf("%s: the front door alone; PID 1 has %s MB besides.", name, page.Mega(m.aside))
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
	return page.Figure(share*100, 3) + " %"
}

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
	goals  page.Table
	tables []page.Table
	method string

	heldGoals  page.Table // of held bodies, like heldTables
	heldTables []page.Table
	heldMethod string
}

func newReport(facts machine.Facts, o options, b *board) report {
	r := report{facts: facts, goals: goalTable("What the figures say", goals(), b), heldGoals: goalTable("What the figures say of held bodies", heldGoals(), b)}
	rounds := fmt.Sprintf(", %d interleaved rounds of %s slices.", b.rounds, o.slice)
	r.method = "CPU time of the proxy's processes per completed request" + rounds
	r.heldMethod = "CPU time of the proxy's processes per MiB of bodies" + rounds
	for _, row := range o.rows {
		table := rowTable(row, o.subjects, b)
		if row.Holds {
			r.heldTables = append(r.heldTables, table)
		} else {
			r.tables = append(r.tables, table)
		}
	}
	r.heldTables = append(r.heldTables, slowTables(b.slow)...)
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
	b.WriteString(r.facts.Text() + "\n")
	for _, part := range []struct {
		goals  page.Table
		tables []page.Table
		method string
	}{{r.goals, r.tables, r.method}, {r.heldGoals, r.heldTables, r.heldMethod}} {
		if len(part.tables) == 0 {
			continue
		}
		b.WriteString(part.goals.Text() + "\n" + part.method + "\n")
		for _, t := range part.tables {
			b.WriteString(t.Text())
		}
	}
	return b.String()
}

// write replaces the sections of a page that something was measured for.
func (r report) write(file string) error {
	if len(r.tables) > 0 {
		if err := summarySection().Update(file, r.summary()); err != nil {
			return err
		}
		if err := measuredSection().Update(file, r.markdown()); err != nil {
			return err
		}
	}
	if len(r.heldTables) == 0 {
		return nil
	}
	return heldSection().Update(file, r.held())
}

// summary is what a reader wants to know first.
func (r report) summary() string {
	return r.goals.Markdown() + fmt.Sprintf("\nMeasured %s; load average %s. %s\n", r.facts.Date, r.facts.Load, r.method)
}

func (r report) markdown() string {
	return r.method + "\n" + r.tablesAndMachine(r.tables, "The machine")
}

// held is all of a run about held bodies.
func (r report) held() string {
	return r.heldGoals.Markdown() + "\n" + r.heldMethod + "\n" + r.tablesAndMachine(r.heldTables, "The machine of held bodies")
}

func (r report) tablesAndMachine(tables []page.Table, title string) string {
	var b strings.Builder
	for _, t := range tables {
		b.WriteString(t.Markdown())
	}
	b.WriteString("\n### " + title + "\n\n```text\n" + r.facts.Text() + "\n```\n")
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
	t := page.Table{Title: r.title, Header: []string{"proxy", "µs/" + r.unit() + " p25", "min", "user:sys", "busy", "syscalls/" + r.unit()}}
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
		notes = append(notes, cellNotes(name, r.unit(), c, s)...)
	}
	t.Note = strings.Join(notes, "\n")
	return t
}

func cellNotes(name, unit string, c *cell, s summary) []string {
	var notes []string
	if c.mallocs > 0 {
		notes = append(notes, fmt.Sprintf("%s: %.0f heap allocations per request", name, c.mallocs))
	}
	if c.syscallDetail != "" {
		notes = append(notes, name+": "+c.syscallDetail)
	}
	if s.aside >= 0.05 {
		notes = append(notes, fmt.Sprintf("%s: PID 1 used %.2f µs/%s besides", name, s.aside, unit))
	}
	if s.streamed > 0 {
		notes = append(notes, fmt.Sprintf("%s: the worker of %s of the answers had to wait for the client: they were not held", name, page.Percent(s.streamed)))
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

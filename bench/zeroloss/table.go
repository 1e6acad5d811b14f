package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// table is a grid in GitHub's Markdown.
type table struct {
	header []string
	rows   [][]string
}

// add appends a stack's row; its first three cells are the stack's own. A trial that failed has its error instead of figures.
func (t *table) add(err error, s stack, figures ...string) {
	row := []string{s.name, s.app, strconv.Itoa(s.workers)}
	if err != nil {
		row = append(row, inCell(err))
		for len(row) < len(t.header) {
			row = append(row, "")
		}
	} else {
		row = append(row, figures...)
	}
	t.rows = append(t.rows, row)
}

// inCell is an error's first line, without what would end the cell.
func inCell(err error) string {
	text, _, _ := strings.Cut(err.Error(), "\n")
	return strings.ReplaceAll(text, "|", "/")
}

func (t table) markdown() string {
	if len(t.rows) == 0 || len(t.header) == 1 {
		return "Not part of this run.\n"
	}
	var b strings.Builder
	b.WriteString("| " + strings.Join(t.header, " | ") + " |\n|" + strings.Repeat("---|", len(t.header)) + "\n")
	for _, row := range t.rows {
		b.WriteString("| " + strings.Join(row, " | ") + " |\n")
	}
	return b.String()
}

// bold makes a count that is not zero stand out.
func bold(n int) string {
	if n == 0 {
		return "0"
	}
	return "**" + strconv.Itoa(n) + "**"
}

// count is a number of things in words: "1 worker", "4 workers".
func count(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return strconv.Itoa(n) + " " + thing
}

// ms is a duration in milliseconds, with as many digits as mean something.
func ms(d time.Duration) string {
	v := float64(d) / float64(time.Millisecond)
	if v < 10 {
		return fmt.Sprintf("%.1f ms", v)
	}
	return fmt.Sprintf("%.0f ms", v)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

func mb(kib int) string { return fmt.Sprintf("%.1f MB", float64(kib)*1024/1e6) }

// three are the least, the median and the most.
func three(all []time.Duration) string {
	if len(all) == 0 {
		return "–"
	}
	s := spreadOf(all)
	cut := func(d time.Duration) string { return strings.TrimSuffix(ms(d), " ms") }
	return cut(s.least) + " / " + cut(s.median) + " / " + ms(s.most)
}

func firstFew(lines []string) string {
	const few = 6
	return strings.Join(lines[:min(few, len(lines))], "\n")
}

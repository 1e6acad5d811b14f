package page

import (
	"strings"
	"unicode/utf8"
)

// Table is a titled grid; the first column is text, the others are figures.
type Table struct {
	Title  string
	Header []string
	Rows   [][]string
	Note   string
}

// Text renders the table for a terminal, in aligned columns.
func (t Table) Text() string {
	widths := t.widths()
	var b strings.Builder
	b.WriteString("\n" + t.Title + "\n")
	for _, r := range append([][]string{t.Header}, t.Rows...) {
		b.WriteString(" ")
		for i, cell := range r {
			b.WriteString(" " + pad(cell, widths[i], i > 0))
		}
		b.WriteString("\n")
	}
	if t.Note != "" {
		b.WriteString("  " + strings.ReplaceAll(t.Note, "\n", "\n  ") + "\n")
	}
	return b.String()
}

// Markdown renders the table as GitHub's Markdown does tables.
func (t Table) Markdown() string {
	var b strings.Builder
	b.WriteString("\n### " + t.Title + "\n\n")
	b.WriteString("| " + strings.Join(t.Header, " | ") + " |\n|---|")
	b.WriteString(strings.Repeat("---:|", len(t.Header)-1) + "\n")
	for _, r := range t.Rows {
		b.WriteString("| " + strings.Join(r, " | ") + " |\n")
	}
	if t.Note != "" {
		b.WriteString("\n" + strings.ReplaceAll(t.Note, "\n", "  \n") + "\n")
	}
	return b.String()
}

func (t Table) widths() []int {
	widths := make([]int, len(t.Header))
	for _, r := range append([][]string{t.Header}, t.Rows...) {
		for i, cell := range r {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	return widths
}

func pad(cell string, width int, right bool) string {
	space := strings.Repeat(" ", width-utf8.RuneCountInString(cell))
	if right {
		return space + cell
	}
	return cell + space
}

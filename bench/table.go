package main

import (
	"strings"
	"unicode/utf8"
)

// table is a titled grid; the first column is text, the others are figures.
type table struct {
	title  string
	header []string
	rows   [][]string
	note   string
}

// text renders the table for a terminal, in aligned columns.
func (t table) text() string {
	widths := t.widths()
	var b strings.Builder
	b.WriteString("\n" + t.title + "\n")
	for _, r := range append([][]string{t.header}, t.rows...) {
		b.WriteString(" ")
		for i, cell := range r {
			b.WriteString(" " + pad(cell, widths[i], i > 0))
		}
		b.WriteString("\n")
	}
	if t.note != "" {
		b.WriteString("  " + strings.ReplaceAll(t.note, "\n", "\n  ") + "\n")
	}
	return b.String()
}

// markdown renders the table as GitHub's Markdown does tables.
func (t table) markdown() string {
	var b strings.Builder
	b.WriteString("\n### " + t.title + "\n\n")
	b.WriteString("| " + strings.Join(t.header, " | ") + " |\n|---|")
	b.WriteString(strings.Repeat("---:|", len(t.header)-1) + "\n")
	for _, r := range t.rows {
		b.WriteString("| " + strings.Join(r, " | ") + " |\n")
	}
	if t.note != "" {
		b.WriteString("\n" + strings.ReplaceAll(t.note, "\n", "  \n") + "\n")
	}
	return b.String()
}

func (t table) widths() []int {
	widths := make([]int, len(t.header))
	for _, r := range append([][]string{t.header}, t.rows...) {
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

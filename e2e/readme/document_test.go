package readme

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"percore/e2e/rig"
)

// document is README.md in lines.
type document []string

func load(t *testing.T) document {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(rig.Repository(), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(text), "\n")
}

// block is the fenced code below the comment `<!-- marker -->`.
func (d document) block(t *testing.T, marker string) string {
	t.Helper()
	below := d.below(t, marker)
	if len(below) == 0 || !strings.HasPrefix(below[0], "```") {
		t.Fatalf("README.md: no fenced code below the marker %q", marker)
	}
	for i, line := range below[1:] {
		if line == "```" {
			return strings.Join(below[1:i+1], "\n") + "\n"
		}
	}
	t.Fatalf("README.md: the code below the marker %q has no end", marker)
	return ""
}

// commands are the lines of a block.
func (d document) commands(t *testing.T, marker string) []string {
	t.Helper()
	return strings.Split(strings.TrimSpace(d.block(t, marker)), "\n")
}

// table is the rows below a marker, in cells, without the two lines of its head.
func (d document) table(t *testing.T, marker string) [][]string {
	t.Helper()
	var rows [][]string
	for _, line := range d.below(t, marker) {
		if !strings.HasPrefix(line, "|") {
			break
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		rows = append(rows, cells)
	}
	if len(rows) < 3 {
		t.Fatalf("README.md: no table below the marker %q", marker)
	}
	return rows[2:]
}

func (d document) below(t *testing.T, marker string) []string {
	t.Helper()
	for i, line := range d {
		if line == "<!-- "+marker+" -->" {
			return d[i+1:]
		}
	}
	t.Fatalf("README.md: no marker %q", marker)
	return nil
}

var quoted = regexp.MustCompile("`[^`]+`")

// quotes are the pieces of a cell between backquotes.
func quotes(cell string) []string {
	var list []string
	for _, q := range quoted.FindAllString(cell, -1) {
		list = append(list, strings.Trim(q, "`"))
	}
	return list
}

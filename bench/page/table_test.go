package page

import "testing"

func TestTableForms(t *testing.T) {
	grid := Table{Title: "T", Header: []string{"proxy", "µs"}, Rows: [][]string{{"a", "1.0"}, {"longer", "22.5"}}, Note: "one\ntwo"}
	if got, want := grid.Text(), "\nT\n  proxy    µs\n  a       1.0\n  longer 22.5\n  one\n  two\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	want := "\n### T\n\n| proxy | µs |\n|---|---:|\n| a | 1.0 |\n| longer | 22.5 |\n\none  \ntwo\n"
	if got := grid.Markdown(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

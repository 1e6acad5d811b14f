package page

import (
	"os"
	"path/filepath"
	"testing"
)

var measured = Section{Name: "measured", Writer: "a bench"}

func TestReplaceSection(t *testing.T) {
	section := measured.Begin() + "\nnew\n" + measured.End() + "\n"
	cases := []struct {
		name     string
		document string
		want     string
		bad      bool
	}{
		{"an empty document becomes the section", "", section, false},
		{"a document without one gets it at its end", "# Speed\n", "# Speed\n\n" + section, false},
		{"an old one is replaced, its surroundings stay", "a\n" + measured.Begin() + "\nold\n" + measured.End() + "\nz\n", "a\n" + section + "z\n", false},
		{"one that is not closed is left alone", "a\n" + measured.Begin() + "\nold\n", "", true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := measured.replace(c.document, "\nnew\n\n")
			if (err != nil) != c.bad || got != c.want {
				t.Errorf("got %q, %v; want %q, an error: %v", got, err, c.want, c.bad)
			}
		})
	}
}

func TestUpdateDocumentTwiceIsUpdateOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bench.md")
	for range 2 {
		if err := measured.Update(file, "figures"); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if want := measured.Begin() + "\nfigures\n" + measured.End() + "\n"; err != nil || string(got) != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
}

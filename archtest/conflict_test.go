package archtest

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// conflictMarkers begin the lines that Git leaves around two sides of a conflict. They are put together here, so that this file has none.
var conflictMarkers = [][]byte{bytes.Repeat([]byte("<"), 7), bytes.Repeat([]byte(">"), 7)}

// A conflict that was committed compiles where it is in a string: percore's own help had one.
func TestNoFileHasAConflictThatWasNotResolved(t *testing.T) {
	err := filepath.WalkDir("..", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && entry.Name() == ".git" {
			return filepath.SkipDir
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		text, err := os.ReadFile(name)
		for _, line := range conflicts(text) {
			t.Errorf("%s:%d has a conflict marker", name, line)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAConflictIsFound(t *testing.T) {
	text := fmt.Sprintf("a\n%s HEAD\nb\n=======\nc\n%s 1234567 (title)\n", conflictMarkers[0], conflictMarkers[1])
	if got, want := conflicts([]byte(text)), []int{2, 6}; !slices.Equal(got, want) {
		t.Errorf("conflicts on lines %v, want %v", got, want)
	}
}

// conflicts returns the numbers of the lines of text that are conflict markers. A file with a NUL in it is none of text,
// such as a binary that was built before a conflict was resolved.
func conflicts(text []byte) []int {
	if bytes.IndexByte(text, 0) >= 0 {
		return nil
	}
	var found []int
	number := 0
	for line := range bytes.Lines(text) {
		number++
		for _, marker := range conflictMarkers {
			if rest, ok := bytes.CutPrefix(line, marker); ok && bytes.HasPrefix(rest, []byte(" ")) {
				found = append(found, number)
			}
		}
	}
	return found
}

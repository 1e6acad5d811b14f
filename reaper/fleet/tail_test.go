package fleet

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestTheTailIsTheLastWholeLines(t *testing.T) {
	numbered := func(from, to int) (lines []string) {
		for i := from; i <= to; i++ {
			lines = append(lines, fmt.Sprintf("line %d", i))
		}
		return lines
	}
	tests := []struct {
		name   string
		writes []string
		want   []string
	}{
		{"nothing", nil, nil},
		{"only line ends", []string{"\n\n"}, nil},
		{"a line in pieces", []string{"he", "llo\nwor", "ld"}, []string{"hello", "world"}},
		{"carriage returns are not part of a line", []string{"a\r\nb\r\n"}, []string{"a", "b"}},
		{"an empty line inside counts", []string{"a\n\nb\n"}, []string{"a", "", "b"}},
		{"twenty of thirty", []string{strings.Join(numbered(1, 30), "\n")}, numbered(11, 30)},
		{"a cut first line is left out", []string{strings.Repeat("x", 3*tailBytesMax) + "\nend\n"}, []string{"end"}},
		{"unless it is all there is", []string{strings.Repeat("x", 3*tailBytesMax)}, []string{strings.Repeat("x", tailBytesMax)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var kept tail
			for _, w := range tt.writes {
				kept.keep([]byte(w))
			}
			if got := kept.lines(); !slices.Equal(got, tt.want) {
				t.Errorf("lines: got %d %.60q, want %d %.60q", len(got), got, len(tt.want), tt.want)
			}
			if cap(kept.buf) > 8*tailBytesMax {
				t.Errorf("memory: got %d bytes, want a few times %d", cap(kept.buf), tailBytesMax)
			}
		})
	}
}

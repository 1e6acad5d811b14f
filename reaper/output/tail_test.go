package output

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func numbered(from, to int) (lines []string) {
	for i := from; i <= to; i++ {
		lines = append(lines, fmt.Sprintf("line %d", i))
	}
	return lines
}

func TestTheTailIsTheLastWholeLines(t *testing.T) {
	long := strings.Repeat("x", 3*ringBytes)
	tests := []struct {
		name   string
		writes []string // to stdout; to stderr those that begin with a !
		want   []string
	}{
		{"nothing", nil, nil},
		{"only line ends", []string{"\n\n"}, nil},
		{"a line in pieces", []string{"he", "llo\nwor", "ld"}, []string{"hello", "world"}},
		{"carriage returns are not part of a line", []string{"a\r\nb\r\n"}, []string{"a", "b"}},
		{"an empty line inside counts", []string{"a\n\nb\n"}, []string{"a", "", "b"}},
		{"twenty of thirty", []string{strings.Join(numbered(1, 30), "\n")}, numbered(11, 30)},
		{"twenty of thirty, one by one", strings.SplitAfter(strings.Join(numbered(1, 30), "\n"), "\n"), numbered(11, 30)},
		{"a cut first line is left out", []string{long + "\nend\n"}, []string{"end"}},
		{"unless it is all there is", []string{long}, []string{long[:ringBytes]}},
		{"both streams in their order", []string{"a\n", "!b\n", "c\n", "!d\n"}, []string{"a", "!b", "c", "!d"}},
		{"a line of one stream in pieces around another's", []string{"a", "!b\n", "c\n"}, []string{"!b", "ac"}},
		{"what has been pushed out of one stream stays of the other", []string{"!traceback\n", long + "\n", "z\n"}, []string{"!traceback", "z"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var kept Tail
			for _, w := range tt.writes {
				kind := Stdout
				if w[0] == '!' {
					kind = Stderr
				}
				kept.keep(kind, 1, []byte(w))
			}
			if got := kept.Lines(); !slices.Equal(got, tt.want) {
				t.Errorf("lines: got %d %.60q, want %d %.60q", len(got), got, len(tt.want), tt.want)
			}
		})
	}
}

func TestTheTailIsReadFromAnyPosition(t *testing.T) {
	var kept Tail
	kept.keep(Stdout, 1, []byte("0123456789"))
	kept.keep(Stderr, 1, []byte("error"))
	tests := []struct {
		name string
		kind Kind
		from int64
		max  int
		want string
		next int64
	}{
		{"from the start", Stdout, 0, 100, "0123456789", 10},
		{"no more than asked for", Stdout, 2, 3, "234", 5},
		{"at the end there is nothing yet", Stdout, 10, 100, "", 10},
		{"the other stream", Stderr, 1, 100, "rror", 5},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			data, next, _ := kept.Read(tt.kind, tt.from, tt.max)
			if string(data) != tt.want || next != tt.next {
				t.Errorf("read: got %q and %d, want %q and %d", data, next, tt.want, tt.next)
			}
		})
	}
}

func TestTheTailWakesWhoeverWaits(t *testing.T) {
	var kept Tail
	_, next, wake := kept.Read(Stdout, 0, 10)
	select {
	case <-wake:
		t.Fatal("wake: got it closed before there is anything")
	default:
	}
	kept.keep(Stdout, 1, []byte("more"))
	<-wake
	if data, _, _ := kept.Read(Stdout, next, 10); string(data) != "more" {
		t.Errorf("read: got %q, want %q", data, "more")
	}
}

func TestARingForgetsTheOldest(t *testing.T) {
	var r ring
	for i := range 5 {
		r.write([]byte(strings.Repeat(string(rune('a'+i)), ringBytes/2+1)))
	}
	got := string(r.read(0, r.end))
	if len(got) != ringBytes || got[0] != 'd' || got[len(got)-1] != 'e' || strings.Count(got, "e") != ringBytes/2+1 {
		t.Errorf("got %d bytes from %q to %q, want the last %d", len(got), got[0], got[len(got)-1], ringBytes)
	}
	if len(r.buf) != ringBytes {
		t.Errorf("memory: got %d bytes, want %d", len(r.buf), ringBytes)
	}
}

// TestTheLastLinesAreOfOneIncarnation has what the first one left in its pipe come behind the first words of its
// successor.
func TestTheLastLinesAreOfOneIncarnation(t *testing.T) {
	var kept Tail
	kept.keep(Stderr, 1, []byte("one\npart"))
	kept.keep(Stderr, 2, []byte("begin\nnext "))
	kept.keep(Stderr, 1, []byte(" and the rest\n"))
	kept.keep(Stderr, 2, []byte("li"))
	kept.keep(Stderr, 1, nil) // its end
	kept.keep(Stderr, 2, []byte("ne\n"))
	kept.keep(Stdout, 2, []byte("without an end"))
	for incarnation, want := range map[uint64][]string{
		1: {"one", "part", " and the rest"}, 2: {"begin", "next ", "line", "without an end"}, 3: nil,
	} {
		if got := kept.LinesOf(incarnation, Stdout, Stderr); !slices.Equal(got, want) {
			t.Errorf("incarnation %d: got %q, want %q", incarnation, got, want)
		}
	}
}

// TestWhatWasClearedIsNotReadAgain: clear is for readers; what explains a death stays.
func TestWhatWasClearedIsNotReadAgain(t *testing.T) {
	var kept Tail
	kept.keep(Stdout, 1, []byte("before\n"))
	kept.keep(Stderr, 1, []byte("error\n"))
	kept.Clear()
	for _, from := range []int64{0, -100} {
		if data, next, _ := kept.Read(Stdout, from, 100); len(data) > 0 || next != 7 {
			t.Errorf("from %d: got %q and %d, want nothing and 7", from, data, next)
		}
	}
	kept.keep(Stdout, 1, []byte("after\n"))
	if data, next, _ := kept.Read(Stdout, 0, 100); string(data) != "after\n" || next != 13 {
		t.Errorf("got %q and %d, want what came since, and 13", data, next)
	}
	if got, want := kept.Lines(), []string{"before", "error", "after"}; !slices.Equal(got, want) {
		t.Errorf("lines: got %q, want %q", got, want)
	}
}

// TestAReaderBehindTheRingGoesOnAtItsStart: what it missed is gone, and it is told by the position.
func TestAReaderBehindTheRingGoesOnAtItsStart(t *testing.T) {
	var kept Tail
	kept.keep(Stdout, 1, []byte(strings.Repeat("a", ringBytes)))
	kept.keep(Stdout, 1, []byte(strings.Repeat("b", 100)))
	data, next, _ := kept.Read(Stdout, 10, 50)
	if next != 150 || string(data) != strings.Repeat("a", 50) {
		t.Errorf("got %d bytes up to %d, want the first 50 that are kept, up to 150", len(data), next)
	}
	if data, _, _ := kept.Read(Stdout, -100, 200); string(data) != strings.Repeat("b", 100) {
		t.Errorf("the end: got %.20q…, want the last hundred", data)
	}
}

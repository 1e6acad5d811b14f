package output

import (
	"slices"
	"strings"
	"testing"
)

func TestOfACrashTheFirstLinesAreKept(t *testing.T) {
	trace := "runtime: out of threads\n\n  fatal error: newosproc  \n\r\nruntime stack:\nruntime.throw()\n" + strings.Repeat("goroutine 7\n", 1000)
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"nothing":                  {"", nil},
		"line ends alone":          {"\n\n \n", nil},
		"one line without its end": {"panic: no", []string{"panic: no"}},
		"a trace":                  {trace, []string{"runtime: out of threads", "fatal error: newosproc", "runtime stack:", "runtime.throw()"}},
		"a line that is too long":  {strings.Repeat("x", 2*crashBytesMax), []string{strings.Repeat("x", crashBytesMax)}},
	} {
		file, err := OpenCrashFile()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.WriteString(c.text); err != nil {
			t.Fatal(err)
		}
		if got := CrashLines(file); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %.100q, want %.100q", name, got, c.want)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheTwoStreamsHaveTheirUsualNames(t *testing.T) {
	var got []string
	for kind := range Kinds {
		got = append(got, kind.String())
	}
	if want := []string{"stdout", "stderr"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

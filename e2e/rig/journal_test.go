package rig

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func texts(lines []Line) (list []string) {
	for _, l := range lines {
		list = append(list, l.Text)
	}
	return list
}

func every(Line) bool { return true }

func TestOutputIsTakenApartIntoLinesHoweverItComes(t *testing.T) {
	const out, err = "one\ntwo\n\nlast", `{"msg":"worker started","process":"a","pid":7}` + "\nno JSON\n"
	for _, size := range []int{1, 3, 1000} {
		t.Run(fmt.Sprintf("%d bytes at a time", size), func(t *testing.T) {
			j := &Journal{}
			for w, text := range map[io.Writer]string{j.Stdout(): out, j.Stderr(): err} {
				for piece := range slices.Chunk([]byte(text), size) {
					if n, err := w.Write(piece); n != len(piece) || err != nil {
						t.Fatalf("write: got %d and %v", n, err)
					}
				}
			}
			if got := j.Unfinished(); got != "last" {
				t.Errorf("unfinished: got %q, want last", got)
			}
			if !strings.HasSuffix(j.Text(), "last") {
				t.Errorf("text: got %q, want what is unfinished at its end", j.Text())
			}
			j.end()
			stdout := j.All(func(l Line) bool { return l.Stdout })
			if got, want := texts(stdout), []string{"one", "two", "", "last"}; !slices.Equal(got, want) {
				t.Errorf("stdout: got %q, want %q", got, want)
			}
			started := j.Lines("worker started")
			if len(started) != 1 || started[0].PID != 7 || started[0].Stdout || j.Unfinished() != "" {
				t.Errorf("got %+v, want one line of percore's, on stderr", started)
			}
		})
	}
}

func TestALineIsSaidWhenAllItsPartsAre(t *testing.T) {
	j := &Journal{}
	fmt.Fprint(j.Stderr(), "alpha beta\ngamma\n")
	for _, test := range []struct {
		parts []string
		want  bool
	}{
		{[]string{"beta", "alpha"}, true},
		{[]string{"alpha", "gamma"}, false},
		{nil, true},
	} {
		if got := j.Said(test.parts...); got != test.want {
			t.Errorf("said %q: got %t, want %t", test.parts, got, test.want)
		}
	}
}

func TestAProcessIsAliveFromItsStartToItsEnd(t *testing.T) {
	j := &Journal{}
	say := func(message, process string, pid int) {
		fmt.Fprintf(j.Stderr(), `{"msg":%q,"process":%q,"pid":%d}`+"\n", message, process, pid)
	}
	say("worker started", FrontName, 2)
	say("worker ready", FrontName, 2)
	say("worker started", "w", 3)
	if got := j.Alive(false); len(got) != 2 || len(j.ReadyWorkers()) != 0 || len(j.WorkerLines("worker started")) != 1 {
		t.Errorf("got %v, want the front door and a worker, which is not ready", got)
	}
	say("worker ready", "w", 3)
	if got := j.ReadyWorkers(); len(got) != 1 || got["w"].PID != 3 {
		t.Errorf("ready: got %v, want the worker", got)
	}
	say("worker ended", "w", 3)
	if got := j.Alive(false); len(got) != 1 || len(j.ReadyWorkers()) != 0 {
		t.Errorf("got %v, want the front door alone", got)
	}
}

func TestAFileIsFollowed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	j := &Journal{}
	if err := j.FollowFile(path); err == nil {
		t.Error("a file that is not there: got no error")
	}
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := j.FollowFile(path); err != nil {
		t.Fatal(err)
	}
	for i, text := range []string{"one\ntw", "o\n", "last"} {
		if _, err := file.WriteString(text); err != nil {
			t.Fatal(err)
		}
		if got := len(j.All(every)); got != min(i+1, 2) {
			t.Errorf("after %q: got %d lines, want %d", text, got, min(i+1, 2))
		}
	}
	j.end()
	if got, want := texts(j.All(every)), []string{"one", "two", "last"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	fmt.Fprintln(j.Stderr(), "late") // from elsewhere
	if !j.Said("late") {
		t.Error("what is written after the end: got it lost")
	}
}

func TestTheTailIsBounded(t *testing.T) {
	j := &Journal{}
	for i := range 3 * logLinesMax {
		fmt.Fprintln(j.Stdout(), i)
	}
	if got := j.Tail(); strings.Count(got, "\n") != logLinesMax || !strings.HasSuffix(got, fmt.Sprintf("%d\n", 3*logLinesMax-1)) {
		t.Errorf("got\n%s\nwant the last %d lines", got, logLinesMax)
	}
}

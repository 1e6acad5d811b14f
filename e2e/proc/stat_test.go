package proc

import (
	"os"
	"strings"
	"testing"
	"time"
)

func TestParseStat(t *testing.T) {
	tail := " S 7 4 4 0 -1 4194304 100 0 0 0 31 42 0 0 20 0 1 0 5150 2449408 200 18446744073709551615"
	ordinary := Stat{State: "S", PPID: 7, Session: 4, User: 31, Sys: 42, Started: 5150}
	cases := []struct {
		name string
		text string
		want Stat
		bad  bool
	}{
		{"an ordinary name", "12 (nginx)" + tail, ordinary, false},
		{"a name with spaces and parentheses", "12 (a) b (c)" + tail, ordinary, false},
		{"no name at all", "12 S 7", Stat{}, true},
		{"cut short", "12 (nginx) S 7 4", Stat{}, true},
		{"a letter where a number belongs", strings.Replace("12 (nginx)"+tail, " 31 ", " x ", 1), Stat{}, true},
		{"nothing", "", Stat{}, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseStat(c.text)
			if (err != nil) != c.bad {
				t.Fatalf("got error %v, want one: %v", err, c.bad)
			}
			if err == nil && got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestStateIsALetter(t *testing.T) {
	if got := State(os.Getpid()); got != "R" && got != "S" {
		t.Errorf("state: got %q, want R or S", got)
	}
	if got := State(noProcess); got != "" {
		t.Errorf("state of no process: got %q, want none", got)
	}
}

func TestCPUTimeGrowsWithWork(t *testing.T) {
	before := CPUTime(os.Getpid())
	for began := time.Now(); CPUTime(os.Getpid()) < before+2*tick; {
		if time.Since(began) > patience {
			t.Fatalf("got %v and then %v after %v of work", before, CPUTime(os.Getpid()), patience)
		}
	}
	if got := CPUTime(noProcess); got != 0 {
		t.Errorf("CPU time of no process: got %v, want 0", got)
	}
}

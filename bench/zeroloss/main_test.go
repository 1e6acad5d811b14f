package main

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestOptions(t *testing.T) {
	for _, test := range []struct {
		name string
		args string
		want string // in the error; empty for none
	}{
		{"nothing is everything", "", ""},
		{"some parts", "-parts kill,stop -lanes 1 -limit 1m", ""},
		{"an unknown part", "-parts kill,sotp", `choose part "sotp"`},
		{"no lane", "-lanes 0", "lanes start at 1"},
		{"an unknown flag", "-lane 1", "not defined"},
	} {
		t.Run(test.name, func(t *testing.T) {
			o, err := parseOptions(strings.Fields(test.args), io.Discard)
			switch {
			case test.want == "" && err != nil:
				t.Errorf("got %v, want no error", err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("got %v, want %q", err, test.want)
			case test.args == "" && !slices.Equal(o.parts, partNames()):
				t.Errorf("got %v, want all parts", o.parts)
			}
		})
	}
}

func TestNothingIsBegunWhenTheTimeIsOver(t *testing.T) {
	l := &lab{notes: io.Discard}
	r := l.exercise(context.Background(), options{parts: partNames(), lanes: 2}, time.Now().Add(-time.Second))
	for _, one := range r.restarts {
		if one.err != errLate {
			t.Errorf("%s: got %v, want %v", one.name, one.err, errLate)
		}
	}
	if len(r.restarts) != len(restartStacks()) || len(r.kills) != len(killStacks()) ||
		len(r.stops) != len(stopStacks()) || len(r.footprints) != len(footprintStacks()) {
		t.Error("want a row for every stack all the same")
	}
}

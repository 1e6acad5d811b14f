package main

import (
	"slices"
	"strings"
	"testing"
)

func TestLinesAreCountedByPackage(t *testing.T) {
	got, err := count("testdata/house")
	if err != nil {
		t.Fatal(err)
	}
	want := []pkg{{"forms", 2, 0}, {"hall", 5, 8}} // neither what is generated nor a package of tests alone
	if !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if _, err := count("testdata/no-such-house"); err == nil {
		t.Error("a folder that is not there: got no error, want one")
	}
}

func TestTheLowestRatioComesFirst(t *testing.T) {
	got := table([]pkg{{"c", 10, 12}, {"b", 10, 5}, {"a", 100, 50}})
	want := "ratio   code  tests  package\n 0.50    100     50  a\n 0.50     10      5  b\n 1.20     10     12  c\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestABarIsHeld(t *testing.T) {
	all := []pkg{{"reached", 10, 12}, {"below", 10, 11}, {"excused", 10, 5}, {"excused/too little", 10, 4}}
	excused := exception{"excused", 0.5, "it is tried where it is used"}
	for name, c := range map[string]struct {
		exceptions []exception
		want       []string // how each problem begins
	}{
		"no exceptions":                   {nil, []string{"below: ", "excused: ", "excused/too little: "}},
		"one":                             {[]exception{excused}, []string{"below: ", "excused/too little: "}},
		"one that is missed":              {[]exception{excused, {"below", 1.11, ""}}, []string{"below: ", "excused/too little: "}},
		"one for what does without":       {[]exception{excused, {"reached", 1, ""}}, []string{"reached: needs", "below: ", "excused/too little: "}},
		"one for what is not there":       {[]exception{excused, {"gone", 1, ""}}, []string{"gone: needs", "below: ", "excused/too little: "}},
		"each for its own package, alone": {[]exception{{"excused/too little", 0.4, ""}}, []string{"below: ", "excused: "}},
	} {
		got := hold(all, c.exceptions)
		same := slices.EqualFunc(got, c.want, strings.HasPrefix)
		if !same {
			t.Errorf("%s: got %q, want those of %q", name, got, c.want)
		}
	}
	if got, want := hold(all[1:2], nil)[0], "below: 10 lines of code and 11 of tests: want 1.20 for each, or 1 more"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestEveryExceptionHasItsReason(t *testing.T) {
	for _, e := range exceptions {
		if e.bar <= 0 || e.bar >= fullBar || e.reason == "" {
			t.Errorf("%s: got the bar %v and the reason %q, want one below %v with its reason", e.path, e.bar, e.reason, fullBar)
		}
	}
}

package main

import (
	"slices"
	"strings"
	"testing"
)

func house(t *testing.T) *pkg {
	t.Helper()
	all, err := load("testdata/house/...")
	if err != nil || len(all) != 1 {
		t.Fatalf("got %d packages, error %v; want 1", len(all), err)
	}
	return all[0]
}

func TestAUseIsAPairOfFilesWithTheNamesThatMakeIt(t *testing.T) {
	got := house(t).uses()
	want := map[use]string{
		{"door", "hall"}:    "Hall light",
		{"hall", "cellar"}:  "bottle",
		{"hall", "door"}:    "Door Enter",
		{"cellar", "door"}:  "knock",
		{"attic", "cellar"}: "bottle",
	}
	for u, names := range want {
		if is := strings.Join(got[u], " "); is != names {
			t.Errorf("%s uses of %s %q, want %q", u.from, u.to, is, names)
		}
	}
	if len(got) != len(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestTheOrderOfTheFilesIsTheListBehindFloors(t *testing.T) {
	p := house(t)
	if got := p.floors(); !slices.Equal(got, []string{"door", "hall", "cellar"}) {
		t.Errorf("got %v, want door, hall, cellar", got)
	}
	if got := p.missing(p.floors()); !slices.Equal(got, []string{"attic"}) {
		t.Errorf("missing is %v, want attic", got)
	}
}

func TestAUseOfAnEarlierFileRunsUpwards(t *testing.T) {
	p := house(t)
	got := upward(p.uses(), p.floors())
	if want := []use{{"cellar", "door"}, {"hall", "door"}}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestTheReportTellsWhatIsLarge(t *testing.T) {
	p := house(t)
	text, ok := p.report(true, 100)
	if !ok {
		t.Error("got a failure without a limit")
	}
	for _, want := range []string{
		"house: 5 files, 41 lines of code, 5 of tests, ratio 0.12",
		"methods: Hall 2, Door 1",
		"fields: Door 3 (2 booleans), Hall 1 (1 booleans)",
		"floors: 2 of 5 uses between files run upwards (40 %)",
		"floors: missing in the list: attic",
		"    hall -> door: Door Enter",
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("got\n%s\nwant %q in it", text, want)
		}
	}
}

func TestALimitIsHeld(t *testing.T) {
	p := house(t)
	if _, ok := p.report(false, 39); ok {
		t.Error("40 percent are within 39, want a failure")
	}
	if _, ok := p.report(false, 99); ok {
		t.Error("got no failure for a file that is missing in the list, want one")
	}
}

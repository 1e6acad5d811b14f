package config

import (
	"slices"
	"testing"
)

// The rows, once more and on purpose: what a mode decides is a promise to users (DESIGN section 1).
func TestWhatEachModeDecides(t *testing.T) {
	for mode, want := range map[Mode]Facts{
		ModeHTTP: {Fleet: true, Listens: true, FrontDoor: true, Proxies: true},
		ModeNone: {Fleet: true, Listens: false, FrontDoor: false, Proxies: false},
		ModeInit: {Fleet: false, Listens: false, FrontDoor: false, Proxies: false},
		"dance":  {},
	} {
		if got := mode.Facts(); got != want {
			t.Errorf("%s: got %+v, want %+v", mode, got, want)
		}
	}
}

func TestTheFactsOfAModeGoTogether(t *testing.T) {
	for mode, f := range modes {
		if f.FrontDoor && !f.Listens {
			t.Errorf("%s: the front door has nothing to accept from", mode)
		}
		if f.Proxies && !f.FrontDoor {
			t.Errorf("%s: nothing passes traffic on", mode)
		}
		if f.Listens && !f.Fleet {
			t.Errorf("%s: nothing answers what comes in", mode)
		}
	}
}

func TestTheVariableTakesTheModesOfTheTable(t *testing.T) {
	for _, v := range variablesOf(new(Config)) {
		if v.name != "PERCORE_MODE" {
			continue
		}
		var want []string
		for mode := range modes {
			want = append(want, string(mode))
		}
		slices.Sort(want)
		if got := slices.Sorted(slices.Values(v.choices())); !slices.Equal(got, want) {
			t.Errorf("oneof: got %q, want %q", got, want)
		}
		return
	}
	t.Error("got no variable PERCORE_MODE")
}

func TestAModeIsReadAsLoadDoes(t *testing.T) {
	for text, want := range map[string]Mode{"http": ModeHTTP, " NONE\n": ModeNone, "Init": ModeInit} {
		if got, known := modeOf(text); got != want || !known {
			t.Errorf("%q: got %q, known %t, want %q", text, got, known, want)
		}
	}
	for _, text := range []string{"", "tini", "in it"} {
		if got, known := modeOf(text); known {
			t.Errorf("%q: got %q, want none", text, got)
		}
	}
}

package value

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
	var want []string
	for mode := range modes {
		want = append(want, string(mode))
	}
	if got := Mode("").Choices(); len(got) != len(want) || !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))) {
		t.Errorf("choices: got %q, want those of the table, %q", got, want)
	}
}

func TestAModeIsReadAsLoadDoes(t *testing.T) {
	for text, want := range map[string]Mode{"http": ModeHTTP, " NONE\n": ModeNone, "Init": ModeInit} {
		if got, known := ModeOf(text); got != want || !known {
			t.Errorf("%q: got %q, known %t, want %q", text, got, known, want)
		}
	}
	for _, text := range []string{"", "tini", "in it"} {
		if got, known := ModeOf(text); known {
			t.Errorf("%q: got %q, want none", text, got)
		}
	}
}

func TestAModeThatIsNoneDecidesNothing(t *testing.T) {
	for _, mode := range []Mode{"", "tcp", "HTTP"} {
		if got := mode.Facts(); got != (Facts{}) {
			t.Errorf("%q: got %+v, want none: a mode is one of Choices by the time that it is asked", mode, got)
		}
	}
}

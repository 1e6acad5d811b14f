package lifecycle

import (
	"strings"
	"testing"
)

// wanted is the behaviour of a worker, cell by cell: what is not listed changes nothing.
func wantedTransitions() map[string]string {
	return map[string]string{
		"STOPPED start":        "STARTING spawn",
		"STARTING ready":       "RUNNING serve",
		"STARTING overdue":     "STARTING kill",
		"STARTING lost":        "STARTING spawn",
		"STARTING failed":      "BACKOFF defer",
		"STARTING exhausted":   "FATAL",
		"STARTING finished":    "EXITED",
		"STARTING unrunnable":  "FATAL",
		"STARTING drain":       "STOPPING terminate",
		"STARTING retire":      "STOPPING terminate",
		"STARTING stop":        "STOPPING terminate",
		"STARTING kill":        "STOPPING kill",
		"RUNNING lost":         "STARTING spawn",
		"RUNNING failed":       "BACKOFF defer",
		"RUNNING exhausted":    "FATAL",
		"RUNNING finished":     "EXITED",
		"RUNNING drain":        "(draining)",
		"RUNNING retire":       "(draining) withdraw",
		"RUNNING stop":         "STOPPING terminate",
		"RUNNING kill":         "STOPPING kill",
		"BACKOFF retry":        "STARTING spawn",
		"BACKOFF exhausted":    "FATAL rest",
		"BACKOFF drain":        "STOPPED rest",
		"BACKOFF retire":       "STOPPED rest",
		"BACKOFF stop":         "STOPPED rest",
		"BACKOFF kill":         "STOPPED rest",
		"(draining) lost":      "STOPPED",
		"(draining) failed":    "STOPPED",
		"(draining) exhausted": "STOPPED",
		"(draining) finished":  "STOPPED",
		"(draining) drained":   "STOPPING terminate",
		"(draining) expired":   "STOPPING terminate",
		"(draining) stop":      "STOPPING terminate",
		"(draining) kill":      "STOPPING kill",
		"STOPPING lost":        "STOPPED",
		"STOPPING failed":      "STOPPED",
		"STOPPING exhausted":   "STOPPED",
		"STOPPING finished":    "STOPPED",
		"STOPPING expired":     "STOPPING kill",
		"STOPPING kill":        "STOPPING kill",
		"EXITED start":         "STARTING spawn",
		"FATAL revived":        "BACKOFF defer",
		"FATAL start":          "STARTING spawn",
	}
}

// label tells the two states apart that users see as one.
func label(s State) string {
	if s == StateDraining {
		return "(draining)"
	}
	return s.String()
}

func describe(s State, do []Action) string {
	words := []string{label(s)}
	for _, a := range do {
		words = append(words, a.String())
	}
	return strings.Join(words, " ")
}

func TestEveryCellOfTheTransitionTable(t *testing.T) {
	wanted := wantedTransitions()
	for s := StateStopped; s < states; s++ {
		for e := range events {
			key := label(s) + " " + e.String()
			want, listed := wanted[key]
			if !listed {
				want = label(s)
			}
			delete(wanted, key)
			if got := describe(Next(s, e)); got != want {
				t.Errorf("%s: got %q, want %q", key, got, want)
			}
		}
	}
	for key := range wanted {
		t.Errorf("%s: got no such cell, want one", key)
	}
}

func TestEveryStateIsLeftOrFinal(t *testing.T) {
	for s := StateStopped; s < states; s++ {
		left := false
		for e := range events {
			to, _ := Next(s, e)
			left = left || to != s
		}
		if !left {
			t.Errorf("%v: got no way out, want one", s)
		}
	}
}

func TestNoProcessIsForgottenAndNoneIsDoubled(t *testing.T) {
	deaths := map[Event]bool{EventLost: true, EventFailed: true, EventExhausted: true, EventFinished: true, EventUnrunnable: true}
	for s := StateStopped; s < states; s++ {
		for e := range events {
			to, do := Next(s, e)
			spawns := len(do) > 0 && do[0] == DoSpawn
			switch alive := s.HasProcess() && !deaths[e]; {
			case alive && spawns:
				t.Errorf("%v %v: got a spawn beside a living process", label(s), e)
			case alive && !to.HasProcess():
				t.Errorf("%v %v: got %v, which forgets a living process", label(s), e, to)
			case !alive && to.HasProcess() && !spawns && to != s:
				t.Errorf("%v %v: got %v without a process", label(s), e, to)
			}
		}
	}
}

func TestStatesSpeakSupervisord(t *testing.T) {
	want := map[State]string{
		0: "UNKNOWN", StateStopped: "STOPPED", StateStarting: "STARTING", StateRunning: "RUNNING", StateBackoff: "BACKOFF",
		StateDraining: "STOPPING", StateStopping: "STOPPING", StateExited: "EXITED", StateFatal: "FATAL", states: "UNKNOWN",
	}
	for s, text := range want {
		if got := s.String(); got != text {
			t.Errorf("state %d: got %q, want %q", s, got, text)
		}
	}
}

// TestStatesAreInSupervisordsSets has its RUNNING_STATES and SIGNALLABLE_STATES, and those behind which nothing comes
// by itself.
func TestStatesAreInSupervisordsSets(t *testing.T) {
	in := func(sets ...string) string { return strings.Join(sets, ", ") }
	want := map[State]string{
		StateStopped: in("final"), StateExited: in("final"), StateFatal: in("final"), StateBackoff: in("running"),
		StateStarting: in("running", "process"), StateRunning: in("running", "process"),
		StateDraining: in("process"), StateStopping: in("process"),
	}
	for s := State(0); s <= states; s++ {
		var sets []string
		if s.IsRunning() {
			sets = append(sets, "running")
		}
		if s.HasProcess() {
			sets = append(sets, "process")
		}
		if s.IsFinal() {
			sets = append(sets, "final")
		}
		if got := in(sets...); got != want[s] {
			t.Errorf("%v: got in %q, want %q", s, got, want[s])
		}
	}
}

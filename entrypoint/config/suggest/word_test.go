package suggest_test

import (
	"strings"
	"testing"

	"percore/entrypoint/config/suggest"
)

func TestWord(t *testing.T) {
	known := []string{"status", "start", "stop", "restart", "scale"}
	for wrong, want := range map[string]string{
		"status":   "status",
		"STATUS":   "status",
		"statsu":   "status",
		"stat":     "start", // one slip; status is two away
		"stpo":     "stop",
		"retsart":  "restart",
		"scales":   "scale",
		"shutdown": "",
		"x":        "",
		"":         "",
	} {
		if got := suggest.Word(wrong, known); got != want {
			t.Errorf("%q: got %q, want %q", wrong, got, want)
		}
	}
	if got := suggest.Word("status", nil); got != "" {
		t.Errorf("no words at all: got %q", got)
	}
	if got := suggest.Word("ab", []string{"abc", "abd"}); got != "abc" {
		t.Errorf("two that are equally near: got %q, want the first", got)
	}
}

func TestLongNamesAreNotComparedInFull(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	if got := suggest.Slips(long, "WORKERS"); got != 3 {
		t.Errorf("a megabyte against a word: got %d slips, want one more than count", got)
	}
	if got := suggest.Nearest("PERCORE_", "PERCORE_"+long, []string{"PERCORE_WORKERS"}); got != "" {
		t.Errorf("a megabyte: got %q, want nothing", got)
	}
}

func TestNearestPrefersTheSameWords(t *testing.T) {
	for name, c := range map[string]struct {
		wrong string
		known []string
		want  string
	}{
		"the same words in another order":     {"P_TIMEOUT_STOP", []string{"P_STOP_TIMER", "P_STOP_TIMEOUT"}, "P_STOP_TIMEOUT"},
		"a slip before a longer name":         {"P_BODY_SIZ", []string{"P_MAX_BODY_SIZ_X", "P_BODY_SIZE"}, "P_BODY_SIZE"},
		"a longer name with all of its words": {"P_MAX_SIZE", []string{"P_CLIENT_MAX_BODY_SIZE"}, "P_CLIENT_MAX_BODY_SIZE"},
		"one word is not enough for that":     {"P_SIZE", []string{"P_CLIENT_MAX_BODY_SIZE"}, ""},
		"two slips in a short word":           {"P_HOME", []string{"P_NAME"}, ""},
		"two slips in a long one":             {"P_KEEPALIVES_TIMEOT", []string{"P_KEEPALIVE_TIMEOUT"}, "P_KEEPALIVE_TIMEOUT"},
		"lower case":                          {"p_workers", []string{"P_WORKERS"}, "P_WORKERS"},
		"the first of equals":                 {"P_ABCDEX", []string{"P_ABCDEY", "P_ABCDEZ"}, "P_ABCDEY"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := suggest.Nearest("P_", c.wrong, c.known); got != c.want {
				t.Errorf("%s among %q: got %q, want %q", c.wrong, c.known, got, c.want)
			}
		})
	}
}

func TestChoice(t *testing.T) {
	choices := []string{"least_conn", "round_robin", "first-exit", "error", "warn"}
	for wrong, want := range map[string]string{
		"least-conn": "least_conn",
		"LEAST CONN": "least_conn",
		"leastconn":  "least_conn",
		"least_con":  "least_conn",
		"rr":         "round_robin",
		"firstexit":  "first-exit",
		"any":        "first-exit",
		"fatal":      "error",
		"warning":    "warn",
		"eror":       "error",
		"wan":        "warn",
		"wand":       "", // two slips, and a word of its own
		"round":      "",
		"":           "",
	} {
		if got := suggest.Choice(wrong, choices); got != want {
			t.Errorf("%q: got %q, want %q", wrong, got, want)
		}
	}
	if got := suggest.Choice("warning", []string{"error"}); got != "" {
		t.Errorf("a word for a choice that there is not: got %q", got)
	}
}

func TestSlipsAreOfOneKindAtAPlace(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"ca", "abc", 3}, // the restricted form edits no pair twice
		{"kitten", "mitten", 1},
		{"flaw", "lawn", 2},
		{"ab", "ba", 1},
		{"abcd", "badc", 2},
	} {
		if got := suggest.Slips(c.a, c.b); got != c.want {
			t.Errorf("%s and %s: got %d slips, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestAGuessIsNeverOneOfNothing(t *testing.T) {
	for _, wrong := range []string{"", "x", "workers"} {
		if word, choice := suggest.Word(wrong, nil), suggest.Choice(wrong, nil); word != "" || choice != "" {
			t.Errorf("%q among no words: got %q and %q", wrong, word, choice)
		}
	}
}

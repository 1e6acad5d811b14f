package survey

import (
	"strings"
	"testing"
)

func TestWhoHasAnAddressIsNamed(t *testing.T) {
	for name, c := range map[string]struct {
		holder    string
		want, not string
	}{
		"a process":                   {"pid 77 (nginx)", "pid 77 (nginx) listens there. Stop it", "percore help"},
		"none that can be seen":       {"", "Another process listens there. Stop it", "percore help"},
		"percore itself":              {"pid 1 (/percore python3 main.py)", "A percore that runs already listens there", "Stop it"},
		"percore, found on PATH":      {"pid 1 (percore)", "percore help", "Stop it"},
		"a program that percore runs": {"pid 9 (python3 /srv/percore main.py)", "Stop it", "percore help"},
	} {
		if got := takenAdvice(c.holder); !strings.Contains(got, c.want) || strings.Contains(got, c.not) {
			t.Errorf("%s: got %q, want %q in it and no %q", name, got, c.want, c.not)
		}
	}
}

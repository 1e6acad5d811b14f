package lbproxy

import (
	"os"
	"strings"
	"testing"
)

// TestEveryReasonIsDocumented holds docs/logs.md to the table of outcomes.
func TestEveryReasonIsDocumented(t *testing.T) {
	page, err := os.ReadFile("../docs/logs.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "<!-- reasons -->")
	table, _, _ = strings.Cut(table, "\n\n")
	for why, o := range outcomes {
		switch {
		case cause(why) == causeNone:
		case o.name == "":
			t.Errorf("cause %d has no name", why)
		case !strings.Contains(table, "`"+o.name+"`"):
			t.Errorf("docs/logs.md has no row for the reason %q", o.name)
		}
	}
}

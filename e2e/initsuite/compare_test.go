package initsuite

import (
	"os"
	"strings"
	"testing"
)

// page is what TestCompare writes.
const page = "../../docs/init.md"

// TestCompare runs every scenario against percore and the inits of Debian, and writes the page.
func TestCompare(t *testing.T) {
	if !*compare {
		t.Skip("takes a quarter of an hour and a quiet machine: go test ./e2e/initsuite -run TestCompare -compare -timeout 1h")
	}
	candidates := []candidate{subject()}
	for _, line := range others {
		candidates = append(candidates, newCandidate(strings.Fields(line)))
	}
	b := board{scenarios: scenarios()}
	for _, c := range candidates {
		if err := c.installed(); err != nil {
			t.Logf("******** SKIPPED: %v: apt-get install %s ********", err, c.name)
			continue
		}
		b.add(c, ask(t, c, !*quick))
	}
	if err := os.WriteFile(page, []byte(b.markdown(survey())), 0o644); err != nil {
		t.Fatal(err)
	}
}

package output

import (
	"strings"
	"testing"
)

func TestTheLastSentenceIsTheOneThatTellsWhy(t *testing.T) {
	for name, c := range map[string]struct{ said, want string }{
		"a traceback": {
			"Traceback (most recent call last):\n  File \"main.py\", line 1\nModuleNotFoundError: No module named 'x'\n",
			"ModuleNotFoundError: No module named 'x'",
		},
		"an error with frames": {
			"node:internal/x:1\n  throw err;\n\nError: Cannot find module '/app/x.js'\n    at Module (node:x)\n    at node:y {\n  code: 'X'\n}\n\nNode.js v20.1\n",
			"Error: Cannot find module '/app/x.js'",
		},
		"a line and its end": {"starting\nboom\n\n", "boom"},
		"escapes":            {"\x1b[31mfatal: no \"x\"\x1b[0m\n", `fatal: no "x"`},
		"nothing":            {"", ""},
	} {
		if got := LastSentence(strings.Split(strings.TrimSuffix(c.said, "\n"), "\n")); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
	if got := LastSentence([]string{strings.Repeat("ä", 1000)}); len(got) > lastSentenceMax+len("…") || !strings.HasSuffix(got, "ä…") {
		t.Errorf("a long line: got %d bytes that end in %q, want it cut between characters", len(got), got[len(got)-5:])
	}
}

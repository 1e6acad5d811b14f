package machine

import (
	"context"
	"strings"
	"testing"
)

func TestAMissingProgramIsToldWithItsPackage(t *testing.T) {
	_, err := Find("no-such-proxy", "the-package")
	if err == nil || !strings.Contains(err.Error(), "apt-get install --no-install-recommends the-package") {
		t.Errorf("got %v, want an install hint", err)
	}
}

func TestTheFirstLineOfWhatAProgramSaysIsItsVersion(t *testing.T) {
	for _, test := range []struct {
		name, script, want string
	}{
		{"on its output", "echo one 1.2; echo more", "one 1.2"},
		{"on its errors, as nginx does", "echo one 1.2 >&2", "one 1.2"},
		{"it is broken", "echo no; exit 1", "sh: version unknown"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := FirstLine(context.Background(), "sh", "-c", test.script); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	if got, want := FirstLine(context.Background(), "/no/such/program"), "/no/such/program: version unknown"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

package stack

import (
	"strings"
	"testing"
)

func TestAContainerThatCannotWorkSaysWhy(t *testing.T) {
	s := up(t, "broken.yml")
	for _, c := range []struct {
		sentence string
		service  string
		code     int
		log      []string // in this order
	}{
		{
			"an application that crashes at its start ends the container with its code, after some tries", "crash", 1,
			[]string{`"next":"backoff`, `"next":"fatal"`, `"fleet ended"`, `the database is missing`},
		},
		{
			"a misspelt variable ends it before anything starts", "typo", 2,
			[]string{"PERCORE_WORKRES", "PERCORE_WORKERS"},
		},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			broken := s.service(c.service).in(t)
			if got := broken.exitCode(2 * startTime); got != c.code {
				t.Errorf("exit code: got %d, want %d", got, c.code)
			}
			log := broken.logs()
			rest := log
			for _, want := range c.log {
				_, after, found := strings.Cut(rest, want)
				if !found {
					t.Fatalf("log: got\n%s\nwant %v in it, in this order; %q is missing", log, c.log, want)
				}
				rest = after
			}
		})
	}
}

package manual_test

import (
	"testing"

	"percore/entrypoint/manual"
)

func TestWordsTakeTheirOptions(t *testing.T) {
	for _, args := range [][]string{
		{"status", "--json", "-v", "webs:*"},
		{"restart", "--hard", "all"},
		{"tail", "-100", "web"},
		{"tail", "-f", "web"},
		{"scale", "-1"},
		{"update", "--dry-run", "--env-file", "-strange", "X=1"},
		{"update", "--env-file=x"},
		{"reread", "--env-file", "x"},
		{"check", "--", "--strange"},
		{"check", "python3", "--version"},
		{"healthcheck", "--now"},
	} {
		if wrong := manual.PageOf(args[0]).Misused(args[1:]); wrong != "" {
			t.Errorf("%q: %s %s", args, args[0], wrong)
		}
	}
	if manual.PageOf("check").AsksForHelp([]string{"python3", "--help"}) || manual.PageOf("init").AsksForHelp([]string{"--", "--help"}) {
		t.Error("a worker's --help: got it taken for percore's")
	}
}

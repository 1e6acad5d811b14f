package main

import (
	"strings"
	"testing"
)

func TestWhatLooksLikeAMistakeIsNoFleet(t *testing.T) {
	for name, c := range map[string]struct {
		environ, args []string
		stderr        string
	}{
		"a slip of a word":                    {args: []string{"statsu"}, stderr: "did you mean status?"},
		"two slips":                           {args: []string{"sttaus2", "all"}, stderr: "did you mean status?"},
		"the wrong case":                      {args: []string{"Restart", "all"}, stderr: "did you mean restart?"},
		"a slip in a word of a later version": {args: []string{"migrat"}, stderr: "did you mean migrate?"},
		"an option":                           {args: []string{"--verbose"}, stderr: `there is no option "--verbose"`},
		"a slip in an option":                 {args: []string{"--versoin"}, stderr: "did you mean --version?"},
		"what other programs call it":         {args: []string{"-v"}, stderr: "did you mean --version?"},
		"a word as an option":                 {args: []string{"--status"}, stderr: "did you mean status?"},
		"a setting as an option": {
			args: []string{"--workers", "4"}, stderr: "settings are environment variables, as PERCORE_WORKERS=4\n",
		},
		"one with its value":                 {args: []string{"--stop-timeout=9s"}, stderr: "as PERCORE_STOP_TIMEOUT="},
		"a setting without percore's name":   {args: []string{"--port=80"}, stderr: "as PORT=8080\n"},
		"an option of another program":       {args: []string{"--bind", "x"}, stderr: "as PERCORE_BIND="},
		"one that nothing is called as":      {args: []string{"--daemonize"}, stderr: "see percore env\n"},
		"a single dash":                      {args: []string{"-"}, stderr: "did you mean --help?"},
		"the front door's role":              {args: []string{"front"}, stderr: "a role in which percore starts itself"},
		"roles of later versions":            {args: []string{"resolve"}, stderr: "a role in which percore starts itself"},
		"help of a word that is none":        {args: []string{"help", "statsu"}, stderr: "did you mean status?"},
		"it says how to run it all the same": {args: []string{"statsu", "x"}, stderr: "write: percore -- statsu\n"},
		"with the usage above":               {args: []string{"statsu"}, stderr: "\npercore: \"statsu\""},
		"where nothing else is right, too": {
			environ: []string{"PERCORE_WORKRES=1"}, args: []string{"statsu"}, stderr: "did you mean status?",
		},
		"in mode init as well": {
			environ: []string{"PERCORE_MODE=init"}, args: []string{"--verison"}, stderr: "did you mean --version?",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := playWith(append(c.environ, "PATH=/usr/bin:/bin"), c.args...)
			if got.code != 2 || got.stdout != "" || !strings.Contains(got.stderr, c.stderr) {
				t.Errorf("%q: got code %d, stdout %q and stderr %q, want 2 and %q", c.args, got.code, got.stdout, got.stderr, c.stderr)
			}
		})
	}
}

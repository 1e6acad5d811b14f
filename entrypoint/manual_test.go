package main

import (
	"strings"
	"testing"

	"percore/entrypoint/manual"
)

func TestEveryWordHasAPage(t *testing.T) {
	for word := range words {
		p := manual.PageOf(word)
		if p.Synopsis == "" {
			t.Errorf("%s: got no page", word)
			continue
		}
		for _, args := range [][]string{{word, "--help"}, {"help", strings.TrimLeft(word, "-")}} {
			if word == "-h" {
				continue
			}
			got := playWith(nil, args...)
			if got.code != 0 || !strings.HasPrefix(got.stdout, "usage: percore "+p.Synopsis+"\n") || got.stderr != "" {
				t.Errorf("%q: got code %d, stdout %q and stderr %q, want 0 and the word's page", args, got.code, got.stdout, got.stderr)
			}
		}
	}
	for _, word := range manual.Words() {
		if words[word] == nil {
			t.Errorf("there is a page of %s, which is no word", word)
		}
	}
}

func TestWordsRefuseWhatTheyDoNotTake(t *testing.T) {
	for name, c := range map[string]struct {
		args   []string
		stderr string
	}{
		"an option that the word does not have":         {[]string{"status", "--jsno"}, `status has no option "--jsno"`},
		"behind a name as well":                         {[]string{"restart", "all", "--force"}, `restart has no option "--force"`},
		"a short one":                                   {[]string{"stop", "-f", "all"}, `stop has no option "-f"`},
		"of the version":                                {[]string{"--version", "--verbose"}, `--version has no option "--verbose"`},
		"of the reference":                              {[]string{"env", "--yaml"}, `env has no option "--yaml"`},
		"of the check, before the command":              {[]string{"check", "--fast", "true"}, `check has no option "--fast"`},
		"a word where there is to be none":              {[]string{"demo", "fast"}, `demo takes no "fast"`},
		"a number is an option where no number belongs": {[]string{"stop", "-9", "all"}, `stop has no option "-9"`},
		"what is refused is followed by the usage":      {[]string{"update", "--try"}, "usage: percore update [--dry-run]"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := playWith([]string{"PERCORE_CONTROL=/nowhere/s"}, c.args...); got.code != 2 || !strings.Contains(got.stderr, c.stderr) {
				t.Errorf("%q: got code %d and stderr %q, want 2 and %q", c.args, got.code, got.stderr, c.stderr)
			}
		})
	}
}

func TestCompletionIsForThreeShells(t *testing.T) {
	for _, args := range [][]string{{"completion"}, {"completion", "tcsh"}, {"completion", "bash", "zsh"}} {
		if got := playWith(nil, args...); got.code != 2 || !strings.Contains(got.stderr, "bash|zsh|fish") {
			t.Errorf("%q: got code %d and %s, want 2 and the usage", args, got.code, got.stderr)
		}
	}
}

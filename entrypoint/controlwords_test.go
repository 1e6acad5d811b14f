package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"percore/entrypoint/manual"
	"percore/entrypoint/self"
)

// docs/control.md, the usage and the words agree on which control commands there are.
func TestEveryControlCommandIsInTheManual(t *testing.T) {
	page, err := os.ReadFile("../docs/control.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "<!-- commands -->")
	table, _, _ := strings.Cut(rest, "<!-- end of commands -->")
	var documented []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z]+)").FindAllStringSubmatch(table, -1) {
		documented = append(documented, row[1])
	}
	others := []string{
		"demo", "check", "env", "version", "--version", "help", "--help", "-h", "init", "completion", "doctor", "migrate", "top",
	}
	for word := range words {
		if slices.Contains(others, word) {
			continue
		}
		if !slices.Contains(documented, word) {
			t.Errorf("docs/control.md has no row for percore %s", word)
		}
		if !strings.Contains(manual.Usage, word) {
			t.Errorf("percore help does not name %s", word)
		}
	}
	for _, word := range documented {
		if words[word] == nil {
			t.Errorf("docs/control.md has a row for %s, which is no word of percore", word)
		}
	}
}

func TestControlWordsWithoutAnybodyToAsk(t *testing.T) {
	nowhere := "PERCORE_CONTROL=" + filepath.Join(t.TempDir(), "s")
	for name, c := range map[string]struct {
		environ        []string
		called         string
		args           []string
		code           int
		stdout, stderr string
	}{
		"status says whom it asked":           {environ: []string{nowhere}, args: []string{"status"}, code: 4, stdout: "no such file"},
		"a command does too":                  {environ: []string{nowhere}, args: []string{"start", "x"}, code: 7, stdout: "no such file"},
		"the container is not healthy":        {environ: []string{nowhere}, args: []string{"healthcheck"}, code: 1, stdout: "unhealthy: percore cannot be asked"},
		"a socket that was turned off":        {environ: []string{"PERCORE_CONTROL=off"}, args: []string{"status"}, code: 2, stderr: "PERCORE_CONTROL=off"},
		"a place that is none":                {environ: []string{"PERCORE_CONTROL=x"}, args: []string{"status"}, code: 2, stderr: "absolute path"},
		"check goes by its own environment":   {environ: []string{nowhere, "PERCORE_COMMAND=true"}, args: []string{"check"}, stdout: "PERCORE_COMMAND"},
		"called supervisorctl it is that":     {environ: []string{nowhere}, called: "supervisorctl", args: []string{"foo"}, code: 1, stdout: "*** Unknown syntax: foo"},
		"supervisorctl knows no scale":        {environ: []string{nowhere}, called: "supervisorctl", args: []string{"scale", "2"}, code: 1, stdout: "*** Unknown syntax: scale 2"},
		"supervisorctl -s chooses the socket": {called: "supervisorctl", args: []string{"-s", "unix:///nowhere/s", "status"}, code: 4, stdout: "unix:///nowhere/s no such file"},
		"supervisorctl's help is its own":     {environ: []string{nowhere}, called: "supervisorctl", args: []string{"help"}, stdout: "default commands"},
	} {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr strings.Builder
			got := play(self.Invocation{Name: c.called, Args: c.args, Environ: c.environ, Stdout: &stdout, Stderr: &stderr, Signals: make(chan os.Signal)})
			if got != c.code || !strings.Contains(stdout.String(), c.stdout) || !strings.Contains(stderr.String(), c.stderr) {
				t.Errorf("got code %d, stdout %q and stderr %q, want %d, %q and %q", got, stdout.String(), stderr.String(), c.code, c.stdout, c.stderr)
			}
		})
	}
}

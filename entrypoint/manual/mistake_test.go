package manual_test

import (
	"os"
	"path/filepath"
	"testing"

	"percore/entrypoint/manual"
)

func TestAProgramIsNoMistake(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"statsu", "front"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, word := range map[string]string{
		"a program on PATH that is nearly a word":      "statsu",
		"a program that is called as a role":           "front",
		"a path, whether something is there or not":    "./statsu",
		"what nobody could run and is like no word":    "gunicorn-of-ours",
		"a word with a slash that is like one without": "/top",
	} {
		if wrong := manual.Mistake(word, dir); wrong != "" {
			t.Errorf("%s: got %q, want it to be run", name, wrong)
		}
	}
}

func TestWhatAMistakeIsDependsOnPATH(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "statsu"), []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "restrat"), []byte("not to be run\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		first, path, want string
	}{
		"it is on PATH":                  {"statsu", dir, ""},
		"it is on another PATH":          {"statsu", "/nowhere", `"statsu" is not on PATH, and no word of percore; did you mean status?`},
		"it is there and cannot be run":  {"restrat", dir, `"restrat" is not on PATH, and no word of percore; did you mean restart?`},
		"there is no PATH":               {"statsu", "", `"statsu" is not on PATH, and no word of percore; did you mean status?`},
		"a role that is a program, too":  {"admin", dir, `"admin" is a role in which percore starts itself, not a word`},
		"a program like no word":         {"gunicorn", "/nowhere", ""},
		"a word with a slash is a path":  {"./statsu", "/nowhere", ""},
		"an option is one on every PATH": {"--statsu", dir, `there is no option "--statsu"; did you mean status?`},
		"an option that is a setting": {
			"--queue-size=7", dir,
			`there is no option "--queue-size=7": settings are environment variables, as PERCORE_QUEUE_SIZE=4096`,
		},
		"an option that nothing is called": {
			"--daemonize", dir,
			`there is no option "--daemonize": settings are environment variables, see percore env`,
		},
	} {
		if got := manual.Mistake(c.first, c.path); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

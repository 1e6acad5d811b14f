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

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"percore/entrypoint/config/reference"
)

func TestThePageIsWhatTheReferenceSays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(path, bytes.Repeat([]byte("an older and longer page\n"), 1<<16), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := run([]string{path}); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := reference.Markdown(&want); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Errorf("got %d bytes, want the reference's %d alone", len(got), want.Len())
	}
}

func TestWhatCannotBeWrittenIsAnError(t *testing.T) {
	for name, args := range map[string][]string{
		"no file":                    nil,
		"two files":                  {filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")},
		"a folder that is not there": {filepath.Join(t.TempDir(), "none", "page.md")},
		"a folder":                   {t.TempDir()},
	} {
		if err := run(args); err == nil {
			t.Errorf("%s: got no error, want one", name)
		}
	}
}

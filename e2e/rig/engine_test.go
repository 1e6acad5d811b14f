package rig_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"percore/e2e/rig"
)

func TestImagesAreThoseOfThisWorkingTree(t *testing.T) {
	if _, err := os.Stat(filepath.Join(rig.Repository(), "go.mod")); err != nil {
		t.Errorf("repository: got %v, want the module's root", err)
	}
	here := rig.Image("percore")
	if !regexp.MustCompile(`^percore:e2e-[0-9a-f]{8}$`).MatchString(here) || here != rig.Image("percore") {
		t.Errorf("image: got %q, want a tag that is the same each time", here)
	}
	t.Chdir(t.TempDir())
	if elsewhere := rig.Image("percore"); elsewhere == here {
		t.Errorf("image: got %q in another tree too", elsewhere)
	}
}

func TestWhatACommandPrintedIsTrimmedAndItsFaultIsTold(t *testing.T) {
	if got, err := rig.Printed("sh", "-c", "echo; echo ' one two '; echo aside >&2"); err != nil || got != "one two" {
		t.Errorf("got %q and %v, want what it printed on stdout, trimmed", got, err)
	}
	_, err := rig.Printed("sh", "-c", "echo why >&2; exit 3")
	if err == nil || !strings.Contains(err.Error(), "exit status 3") || !strings.Contains(err.Error(), "why") {
		t.Errorf("got %v, want its code and what it printed on stderr", err)
	}
}

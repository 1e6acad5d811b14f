package stack

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"percore/e2e/rig"
)

func TestTheImageServesWhateverIsTakenFromIt(t *testing.T) {
	for _, c := range []struct {
		sentence string
		options  []string
	}{
		{"a root that is read-only", []string{"--read-only"}},
		{"no capability", []string{"--cap-drop", "ALL"}},
		{"a user who is nobody", []string{"--user", "65534"}},
		{"all of that at once", []string{"--read-only", "--cap-drop", "ALL", "--user", "65534", "--security-opt", "no-new-privileges"}},
		{"the engine's own init before it", []string{"--init"}},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			demo := run(t, slices.Concat(c.options, []string{"--env", "PERCORE_LISTEN=:8080", rig.Image("percore"), "demo"})...)
			demo.serving()
			rig.Docker(t, "stop", "--time", "10", demo.id)
			if code := demo.exitCode(startTime); code != 0 {
				t.Errorf("exit code: got %d, want 0", code)
			}
		})
	}
}

func TestTheBinaryCanBeCopiedIntoAnotherImage(t *testing.T) {
	text, err := os.ReadFile("testdata/own.Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	recipe := filepath.Join(t.TempDir(), "Dockerfile")
	own := strings.Replace(string(text), "--from=percore ", "--from="+rig.Image("percore")+" ", 1)
	if err := os.WriteFile(recipe, []byte(own), 0o600); err != nil || own == string(text) {
		t.Fatalf("own.Dockerfile: got %v and\n%s\nwant the image percore in it", err, text)
	}
	tag := fmt.Sprintf("percore-e2e-own-%d", os.Getpid())
	rig.Docker(t, "build", "--tag", tag, "--file", recipe, filepath.Join(rig.Repository(), "examples/tornado"))
	t.Cleanup(func() { rig.Docker(t, "rmi", tag) })
	if body := run(t, tag).serving().get("/"); !strings.HasPrefix(body, "Hello from main-800") {
		t.Errorf("answer: got %q, want the example's", body)
	}
}

package stack

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
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
			demo := run(t, slices.Concat(c.options, []string{"--env", "PERCORE_LISTEN=:8080", "percore", "demo"})...)
			demo.serving()
			docker(t, "stop", "--time", "10", demo.id)
			if code := demo.exitCode(startTime); code != 0 {
				t.Errorf("exit code: got %d, want 0", code)
			}
		})
	}
}

func TestTheBinaryCanBeCopiedIntoAnotherImage(t *testing.T) {
	recipe, err := filepath.Abs("testdata/own.Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	tag := fmt.Sprintf("percore-e2e-own-%d", os.Getpid())
	docker(t, "build", "--tag", tag, "--file", recipe, filepath.Join(repository(), "examples/tornado"))
	t.Cleanup(func() { docker(t, "rmi", tag) })
	if body := run(t, tag).serving().get("/"); !strings.HasPrefix(body, "Hello from main-800") {
		t.Errorf("answer: got %q, want the example's", body)
	}
}

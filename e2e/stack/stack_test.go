package stack

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"percore/e2e/rig"
)

// stack is a compose project of its own that is up.
type stack struct {
	t       *testing.T
	compose []string // the command with the project's options
}

// up starts a compose file of testdata, or the one that ours returned. The project is removed when the test ends,
// whatever becomes of it; a test that fails shows the containers' logs.
func up(t *testing.T, file string) *stack {
	t.Helper()
	if filepath.Base(file) == file {
		file = filepath.Join("testdata", file)
	}
	s := &stack{t: t, compose: slices.Concat(rig.Compose(), []string{
		"--file", file, "--project-directory", rig.Repository(), "--project-name", projectName(t),
	})}
	t.Cleanup(s.down)
	s.run("up", "--detach", "--no-build")
	return s
}

// projectName tells apart both tests and test runs on one engine.
func projectName(t *testing.T) string {
	name := regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(t.Name()), "-")
	return fmt.Sprintf("percore-e2e-%d-%s", os.Getpid(), name)
}

func (s *stack) run(args ...string) string {
	s.t.Helper()
	out, err := rig.Printed(slices.Concat(s.compose, args)...)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

func (s *stack) down() {
	if s.t.Failed() {
		logs, err := rig.Printed(slices.Concat(s.compose, []string{"logs", "--no-color", "--tail", "80"})...)
		s.t.Logf("the end of the containers' logs (%v):\n%s", err, logs)
	}
	// Whatever is to be seen has been seen: nobody has to wait for a graceful stop.
	if _, err := rig.Printed(slices.Concat(s.compose, []string{"down", "--volumes", "--remove-orphans", "--timeout", "0"})...); err != nil {
		s.t.Error(err)
	}
}

// service is the container of a service.
func (s *stack) service(name string) *container {
	s.t.Helper()
	// --all, because some scenarios are about a container that has ended by the time it is asked for.
	return &container{t: s.t, id: s.run("ps", "--all", "--quiet", name)}
}

// ours is the repository's own compose file, with a free port of the host in place of 8080, this working tree's image, and without a line for each
// request in the log, among which those of percore could not be found.
func ours(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(rig.Repository(), "docker-compose.yml"))
	if err != nil {
		t.Fatal(err)
	}
	changed := string(text)
	for old, own := range map[string]string{
		`"127.0.0.1:8080:8080"`:    `"127.0.0.1::8080"`,
		"image: percore-tornado\n": "image: " + rig.Image("percore-tornado") + "\n",
	} {
		if !strings.Contains(changed, old) {
			t.Fatalf("docker-compose.yml: got no %s to replace", old)
		}
		changed = strings.Replace(changed, old, own, 1)
	}
	changed += `    command: [python3, /var/www/main.py, "--port={port}", --logging=warning]` + "\n"
	file := filepath.Join(t.TempDir(), "docker-compose.yml")
	if err := os.WriteFile(file, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

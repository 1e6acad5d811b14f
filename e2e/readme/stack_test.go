package readme

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"percore/e2e/rig"
)

// The base images of the two Dockerfiles. `make setup` pulls them or makes stand-ins.
var baseImages = []string{"debian:bookworm-slim", "golang:1.26-bookworm"}

func TestTheDockerfileAndTheComposeFileWork(t *testing.T) {
	compose := needContainers(t)
	page := load(t)
	for _, line := range page.commands(t, "run: repository") {
		runIn(t, rig.Repository(), ofThisTree(t, line, "--tag percore "), nil)
	}
	dir := applicationFolder(t, page)
	env := []string{"COMPOSE_PROJECT_NAME=percore-readme-" + strconv.Itoa(os.Getpid()), "PUBLISH=127.0.0.1:"}
	do := func(line string) string {
		return runIn(t, dir, strings.Replace(line, "docker compose", compose, 1), env)
	}
	lines := page.commands(t, "run: application")
	if len(lines) != 3 {
		t.Fatalf("the README has %q, want up, logs and stop", lines)
	}
	t.Cleanup(func() { do("docker compose down --timeout 1 --rmi local") })

	do(lines[0])
	url := "http://" + strings.TrimSpace(do("docker compose port web 8080"))
	awaitAnswer(t, url)
	t.Run("every worker answers", func(t *testing.T) { wantBothWorkers(t, url) })
	t.Run("the application sees the client, not the front door", func(t *testing.T) {
		if got := get(t, url+"/headers"); !strings.Contains(got, `"protocol": "http"`) || strings.Contains(got, `"remote_ip": "127.0.0.1"`) {
			t.Errorf("got %s, want the protocol http and the client's address", got)
		}
	})
	t.Run("the log names the workers", func(t *testing.T) {
		if got := do(lines[1]); !strings.Contains(got, "tornadoes:tornado-8000") {
			t.Errorf("got %s, want tornadoes:tornado-8000 in it", got)
		}
	})
	t.Run("control commands reach PID 1", func(t *testing.T) {
		for _, line := range page.commands(t, "run: control") {
			if got := do(strings.Replace(line, " exec ", " exec -T ", 1)); !strings.Contains(got, "tornadoes:tornado-8000 ") || !strings.Contains(got, "RUNNING") {
				t.Errorf("%s: got %s, want the workers' states", line, got)
			}
		}
	})
	t.Run("stop ends with code 0", func(t *testing.T) {
		do(lines[2])
		container := strings.TrimSpace(do("docker compose ps -a -q web"))
		if got := strings.TrimSpace(do("docker inspect --format '{{.State.ExitCode}}' " + container)); got != "0" {
			t.Errorf("got exit code %s, want 0; the log:\n%s", got, do("docker compose logs"))
		}
	})
}

// needContainers gives the command for compose: v2, or docker-compose 1.29.
func needContainers(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("SKIPPED: -short")
	}
	if err := rig.EngineObstacle(); err != nil {
		t.Skip("SKIPPED:", err)
	}
	for _, image := range baseImages {
		if err := exec.Command("docker", "image", "inspect", image).Run(); err != nil {
			t.Skipf("SKIPPED: the base image %s is missing; make setup provides it", image)
		}
	}
	return strings.Join(rig.Compose(), " ")
}

// ofThisTree has a text of the README name the image that this working tree makes: another one on this machine makes the same
// name. The place is how the text has it, with percore and a character behind it.
func ofThisTree(t *testing.T, text, place string) string {
	t.Helper()
	if !strings.Contains(text, place) {
		t.Fatalf("README.md: got no %q in %q", place, text)
	}
	return strings.Replace(text, place, place[:len(place)-1]+":"+rig.Tag()+place[len(place)-1:], 1)
}

// applicationFolder is what a user has after following the README: two files beside a main.py.
func applicationFolder(t *testing.T, page document) string {
	t.Helper()
	dir := t.TempDir()
	application, err := os.ReadFile(filepath.Join(rig.Repository(), "examples/tornado/main.py"))
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"Dockerfile":         ofThisTree(t, page.block(t, "file: Dockerfile"), "--from=percore "),
		"docker-compose.yml": page.block(t, "file: docker-compose.yml"),
		"main.py":            string(application),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// runIn runs a line in a folder and wants it to succeed. It returns what the line printed on standard output.
func runIn(t *testing.T, dir, line string, env []string) string {
	t.Helper()
	cmd := shell(line, cleanEnviron(env...))
	cmd.Dir = dir
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", line, err, out, &complaints)
	}
	return string(out)
}

func awaitAnswer(t *testing.T, url string) {
	t.Helper()
	rig.Await(t, "an answer at "+url, func() bool { return exec.Command("curl", "-sf", "-o", "/dev/null", url).Run() == nil })
}

// wantBothWorkers asks until each of two workers has answered: as many as the compose file grants CPUs, where the
// machine has them.
func wantBothWorkers(t *testing.T, url string) {
	t.Helper()
	want := min(2, cpuCount(t))
	seen := make(map[string]bool)
	rig.Eventually(t, rig.Patience, func() error {
		words := strings.Fields(get(t, url))
		if len(words) < 3 || !strings.HasPrefix(words[2], "tornado-") {
			t.Fatalf("got the answer %q, want one that names a worker", words)
		}
		if seen[words[2]] = true; len(seen) < want {
			return fmt.Errorf("got answers from %v, want %d workers", seen, want)
		}
		return nil
	})
}

func cpuCount(t *testing.T) int {
	t.Helper()
	n, err := strconv.Atoi(strings.TrimSpace(runIn(t, ".", "docker info --format '{{.NCPU}}'", nil)))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

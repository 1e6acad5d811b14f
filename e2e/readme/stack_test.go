package readme

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The base images of the two Dockerfiles. `make setup` pulls them or makes stand-ins.
var baseImages = []string{"debian:bookworm-slim", "golang:1.26-bookworm"}

func TestTheDockerfileAndTheComposeFileWork(t *testing.T) {
	compose := needContainers(t)
	page := load(t)
	for _, line := range page.commands(t, "run: repository") {
		runIn(t, repository, line, nil)
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
	if err := exec.Command("docker", "version").Run(); err != nil {
		t.Skip("SKIPPED: no Docker engine answers")
	}
	for _, image := range baseImages {
		if err := exec.Command("docker", "image", "inspect", image).Run(); err != nil {
			t.Skipf("SKIPPED: the base image %s is missing; make setup provides it", image)
		}
	}
	if exec.Command("docker", "compose", "version").Run() == nil {
		return "docker compose"
	}
	if _, err := exec.LookPath("docker-compose"); err == nil {
		return "docker-compose"
	}
	t.Skip("SKIPPED: neither docker compose nor docker-compose is here")
	return ""
}

// applicationFolder is what a user has after following the README: two files beside a main.py.
func applicationFolder(t *testing.T, page document) string {
	t.Helper()
	dir := t.TempDir()
	application, err := os.ReadFile(filepath.Join(repository, "examples/tornado/main.py"))
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"Dockerfile":         page.block(t, "file: Dockerfile"),
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
	deadline := time.Now().Add(patience)
	for exec.Command("curl", "-sf", "-o", "/dev/null", url).Run() != nil {
		if time.Now().After(deadline) {
			t.Fatalf("no answer at %s", url)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// wantBothWorkers asks until each of two workers has answered: as many as the compose file grants CPUs, where the
// machine has them.
func wantBothWorkers(t *testing.T, url string) {
	t.Helper()
	want := min(2, cpuCount(t))
	seen := make(map[string]bool)
	for deadline := time.Now().Add(patience); len(seen) < want; {
		if time.Now().After(deadline) {
			t.Fatalf("got answers from %v, want %d workers", seen, want)
		}
		words := strings.Fields(get(t, url))
		if len(words) < 3 || !strings.HasPrefix(words[2], "tornado-") {
			t.Fatalf("got the answer %q, want one that names a worker", words)
		}
		seen[words[2]] = true
	}
}

func cpuCount(t *testing.T) int {
	t.Helper()
	n, err := strconv.Atoi(strings.TrimSpace(runIn(t, ".", "docker info --format '{{.NCPU}}'", nil)))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

package stack

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"percore/e2e/program"
	"percore/e2e/rig"
)

// exec runs a control command in the container and returns what it printed and its exit code.
func (c *container) exec(user string, args ...string) (text string, code int) {
	c.t.Helper()
	words := []string{"exec"}
	if user != "" {
		words = append(words, "--user", user)
	}
	return rig.Output(c.t, exec.Command("docker", slices.Concat(words, []string{c.id}, args)...)) // whom it reached stands on stderr
}

func (c *container) awaitHealth(want string) {
	c.t.Helper()
	rig.Eventually(c.t, startTime, func() error {
		if health := c.inspect("{{.State.Health.Status}}"); health != want {
			return fmt.Errorf("health: got %s, want %s; the last checks: %s", health, want, c.inspect("{{json .State.Health.Log}}"))
		}
		return nil
	})
}

// In a scratch image there is no shell, no curl and no folder for a socket.
func TestTheScratchImageKnowsItsHealth(t *testing.T) {
	c := run(t, "--env", "PERCORE_WORKERS=2", rig.Image("percore")) // which runs the demo, for all who reach the container
	c.awaitHealth("healthy")
	c.serving()
	text, code := c.exec("", "/percore", "status")
	if code != 0 || strings.Count(text, "RUNNING") != 2 || !strings.Contains(text, "demos:demo-8000 ") {
		t.Errorf("status: got code %d and\n%s\nwant 0 and two running workers", code, text)
	}
	if text, code := c.exec("", "/percore", "stop", "all"); code != 0 {
		t.Errorf("stop all: got code %d: %s", code, text)
	}
	if text, code := c.exec("", "/percore", "status"); code != 3 || strings.Count(text, "STOPPED") != 2 {
		t.Errorf("status of stopped workers: got code %d and\n%s\nwant 3 and STOPPED", code, text)
	}
	if text, code := c.exec("", "/percore", "healthcheck"); code != 1 || !strings.Contains(text, "unhealthy: no worker is ready") {
		t.Errorf("healthcheck: got code %d and %q, want 1 and the reason", code, text)
	}
	c.awaitHealth("unhealthy")
}

// inHostNetwork has ports of the host that are free.
func inHostNetwork(t *testing.T) []string {
	t.Helper()
	first := rig.FreePorts(t, 2)
	return []string{
		"--network", "host", "--env", "PERCORE_WORKERS=1",
		"--env", "PERCORE_LISTEN=" + program.Loopback(first), "--env", fmt.Sprintf("PERCORE_PORTS_FROM=%d", first+1),
	}
}

func TestCommandsWorkInEveryKindOfContainer(t *testing.T) {
	for name, flags := range map[string][]string{
		"as root":                       nil,
		"as another user":               {"--user", "1000:1000"},
		"with a read-only root":         {"--read-only"},
		"with both and no capabilities": {"--read-only", "--user", "65534:65534", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"},
		"with a socket of its own":      {"--env", "PERCORE_CONTROL=/dev/shm/percore.sock"},
		"in the network of the host":    inHostNetwork(t),
	} {
		t.Run(name, func(t *testing.T) {
			c := run(t, slices.Concat([]string{"--env", "PERCORE_LISTEN=:8080"}, flags, []string{rig.Image("percore"), "demo"})...)
			rig.Eventually(t, startTime, func() error {
				if text, code := c.exec("", "/percore", "healthcheck"); code != 0 {
					return fmt.Errorf("healthcheck: %s", text)
				}
				return nil
			})
			var status struct{ Processes []struct{ State string } }
			text, _ := c.exec("", "/percore", "status", "--json")
			if err := json.Unmarshal([]byte(text), &status); err != nil || len(status.Processes) < 2 {
				t.Errorf("status --json: got %s and error %v, want the processes", text, err)
			}
			if text, code := c.exec("4711", "/percore", "status"); code == 0 {
				t.Errorf("status as a foreign user: got code 0 and %s, want to be refused", text)
			}
			if text, code := c.exec("", "/percore", "restart", "demos:*"); code != 0 {
				t.Errorf("restart: got code %d and %s, want 0", code, text)
			}
			if text, code := c.exec("", "/percore", "shutdown"); code != 0 || text != "Shut down\n" {
				t.Errorf("shutdown: got code %d and %q", code, text)
			}
			if code := c.exitCode(startTime); code != 0 {
				t.Errorf("exit code: got %d, want 0", code)
			}
		})
	}
}

// A word that is no command of percore but a program starts a second fleet, whose port is taken: nobody is told to stop the one that serves.
func TestAProgramInsideOfARunningContainerDoesNotBlameWhatServes(t *testing.T) {
	c := run(t, "--env", "PERCORE_LISTEN=:8080", rig.Image("percore"), "demo").serving()
	out, err := exec.Command("docker", "exec", c.id, "/percore", "/percore", "clear").CombinedOutput()
	if want := "A percore that runs already listens there. To ask something of it, see: percore help."; err == nil || !strings.Contains(string(out), want) {
		t.Errorf("got %v and %q, want an error and %q", err, out, want)
	}
}

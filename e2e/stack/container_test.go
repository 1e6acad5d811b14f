package stack

import (
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"percore/e2e/rig"
)

// startTime is how long an application may take until it serves, on a machine that is busy with other things too.
const startTime = 60 * time.Second

// container is one container, running or not.
type container struct {
	t  *testing.T
	id string
}

// run starts a container without compose, as `docker run` with these arguments. It is removed when the test ends.
func run(t *testing.T, args ...string) *container {
	t.Helper()
	c := &container{t: t, id: rig.Docker(t, slices.Concat([]string{"run", "--detach", "--publish", "127.0.0.1::8080"}, args)...)}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the container's log:\n%s", c.logs())
		}
		rig.Docker(t, "rm", "--force", "--volumes", c.id)
	})
	return c
}

// in is the same container for a subtest.
func (c *container) in(t *testing.T) *container { return &container{t: t, id: c.id} }

// inspect is a field of what the engine knows, such as {{.State.ExitCode}}.
func (c *container) inspect(field string) string {
	c.t.Helper()
	return rig.Docker(c.t, "inspect", "--format", field, c.id)
}

// published is where a user reaches the front door: the host's end of the published port.
func (c *container) published() string {
	c.t.Helper()
	return rig.Docker(c.t, "port", c.id, "8080/tcp")
}

// direct is the front door without the engine's own proxy before it, which accepts connections even when nobody
// listens behind it and so hides what the scenarios look for.
func (c *container) direct() string {
	c.t.Helper()
	return c.inspect("{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}") + ":8080"
}

// gateway is the address that the host has in the container's network.
func (c *container) gateway() string {
	c.t.Helper()
	return c.inspect("{{range .NetworkSettings.Networks}}{{.Gateway}}{{end}}")
}

// logs is what the container has written, on stdout and stderr.
func (c *container) logs() string {
	c.t.Helper()
	out, err := exec.Command("docker", "logs", c.id).CombinedOutput()
	if err != nil {
		c.t.Fatalf("docker logs: %v\n%s", err, out)
	}
	return string(out)
}

// exitCode waits for the container's end.
func (c *container) exitCode(within time.Duration) int {
	c.t.Helper()
	rig.Eventually(c.t, within, func() error {
		if state := c.inspect("{{.State.Status}}"); state != "exited" {
			return fmt.Errorf("state of the container: got %s, want exited", state)
		}
		return nil
	})
	code, err := strconv.Atoi(c.inspect("{{.State.ExitCode}}"))
	if err != nil {
		c.t.Fatal(err)
	}
	return code
}

// fetch gets a path of the published port, on a connection of its own.
func (c *container) fetch(path string, header ...string) (string, error) {
	request, err := http.NewRequest(http.MethodGet, "http://"+c.published()+path, nil)
	if err != nil {
		return "", err
	}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		request.Header.Set(name, value)
	}
	client := http.Client{Timeout: startTime, Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("GET %s: got %s, want 200: %s", path, answer.Status, body)
	}
	return string(body), err
}

// get is fetch for an answer that has to come.
func (c *container) get(path string, header ...string) string {
	c.t.Helper()
	body, err := c.fetch(path, header...)
	if err != nil {
		c.t.Fatal(err)
	}
	return body
}

// serving waits until the container answers at its published port.
func (c *container) serving() *container {
	c.t.Helper()
	rig.Eventually(c.t, startTime, func() error {
		_, err := c.fetch("/")
		return err
	})
	return c
}

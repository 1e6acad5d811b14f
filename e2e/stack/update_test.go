package stack

import (
	"fmt"
	"strings"
	"testing"

	"percore/e2e/load"
	"percore/e2e/rig"
)

func TestUpdateWorksByDockerExecInAContainerOfAnotherUser(t *testing.T) {
	c := run(
		t, "--user", "1000:1000", "--cap-drop", "ALL", "--read-only", "--env", "PERCORE_LISTEN=:8080", "--env",
		"PERCORE_WORKERS=2", rig.Image("percore"), "demo",
	).serving()
	rig.Eventually(t, startTime, func() error {
		if text, code := c.exec("", "/percore", "status"); code != 0 {
			return fmt.Errorf("status: got code %d and %s, want both workers running", code, text)
		}
		return nil
	})
	running := load.Start(load.Options{Address: c.direct(), Clients: 4, KeepAlive: true})
	before := c.pids()
	c.expect(0, "PERCORE_CLIENT_MAX_BODY_SIZE: 50MB -> 1KB (at once, for new requests)\n", "", "update", "PERCORE_CLIENT_MAX_BODY_SIZE=1KB")
	if after := c.pids(); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("update of the front door: got pids %v, want %v as before", after, before)
	}
	c.expect(0, "demos: updated process group\n", "", "update", "GREETING=hi")
	after := c.pids()
	for pid := range after {
		if before[pid] {
			t.Errorf("update of the workers: got pids %v, want none of %v", after, before)
		}
	}
	c.expect(1, "PERCORE_LISTEN: :8080 -> :9090 (needs a new container", "", "update", "PERCORE_LISTEN=:9090") // takes a new container
	c.expect(0, "1KB", "", "check")
	if got := running.Stop(); got.Failed() > 0 || got.OK() == 0 {
		t.Errorf("meanwhile: got %v, want every request answered", got)
	}
}

// expect runs a command of percore as a user of the container; none is the container's own.
func (c *container) expect(code int, part, user string, args ...string) {
	c.t.Helper()
	if text, got := c.exec(user, append([]string{"/percore"}, args...)...); got != code || !strings.Contains(text, part) {
		c.t.Errorf("percore %s as user %q: got code %d and\n%s\nwant %d and %q", strings.Join(args, " "), user, got, text, code, part)
	}
}

// pids is the set of the workers' pids, as percore knows them.
func (c *container) pids() map[string]bool {
	c.t.Helper()
	text, _ := c.exec("", "/percore", "pid", "all")
	set := map[string]bool{}
	for pid := range strings.FieldsSeq(text) {
		set[pid] = true
	}
	if len(set) < 2 {
		c.t.Fatalf("pid all: got %q, want two pids", text)
	}
	return set
}

func TestRootCommandsAPercoreOfAnotherUser(t *testing.T) {
	c := run(t, "--user", "1000:1000", "--env", "PERCORE_LISTEN=:8080", "--env", "PERCORE_WORKERS=1", rig.Image("percore"), "demo").serving()
	c.expect(0, "RUNNING", "0", "status")
	c.expect(0, "demos: updated process group\n", "0", "update", "GREETING=hi")
	c.expect(4, "permission denied", "4711", "status")
}

package pid1

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"percore/e2e/load"
)

func TestAnUpdateOfTheFrontDoorHoldsForTheNextRequest(t *testing.T) {
	c := startControlled(t, 2, nil)
	pids := c.pids()
	status := func() int {
		request := c.Get("/")
		request.Method, request.Body = "POST", []byte(strings.Repeat("x", 2000))
		result := load.Once(request)
		for code := range result.Statuses {
			return code
		}
		return 0
	}
	if got := status(); got == 413 {
		t.Fatal("2000 bytes are too many from the start")
	}
	text := c.Succeed("update", "PERCORE_CLIENT_MAX_BODY_SIZE=1KB")
	if want := "PERCORE_CLIENT_MAX_BODY_SIZE: 50MB -> 1KB (at once, for new requests)\npercore: updated process group\n"; text != want {
		t.Errorf("got %q, want %q", text, want)
	}
	c.Await("413", func() bool { return status() == 413 })
	c.Succeed("update", "PERCORE_CLIENT_MAX_BODY_SIZE=")
	c.Await("an answer again", func() bool { return status() != 413 })
	if got := c.pids(); !slices.Equal(got, pids) {
		t.Errorf("workers: got pids %v, want %v: none had to be restarted", got, pids)
	}
}

func TestAnUpdateOfTheWorkersRollsThemUnderLoad(t *testing.T) {
	c := startControlled(t, 2, nil)
	pids := c.pids()
	request := c.Get("/")
	request.Clients, request.KeepAlive, request.Check = 4, true, greeting
	running := load.Start(request)
	if text := c.Succeed("update", "--dry-run", "GREETING=hi"); !strings.Contains(text, "GREETING") || !slices.Equal(c.pids(), pids) {
		t.Errorf("dry run: got %q and pids %v, want the change told and nothing done", text, c.pids())
	}
	if text := c.Succeed("update", "GREETING=hi"); !strings.HasSuffix(text, "webs: updated process group\n") {
		t.Errorf("got %q, want the group last", text)
	}
	for i, pid := range c.pids() {
		if slices.Contains(pids, pid) {
			t.Errorf("worker %d: got pid %d still, want a new one", i, pid)
		}
	}
	if result := running.Stop(); result.Failed() > 0 || result.OK() == 0 {
		t.Errorf("got %v, want every request to be answered", result)
	}
	pids = c.pids()
	if text := c.Succeed("update", "GREETING=hi"); strings.Contains(text, "updated") || !slices.Equal(c.pids(), pids) {
		t.Errorf("the same once more: got %q, want nothing to happen", text)
	}
}

func TestARefusedUpdateChangesNothing(t *testing.T) {
	c := startControlled(t, 1, nil)
	pids := c.pids()
	for _, args := range [][]string{
		{"update", "PERCORE_LISTEN=:1", "GREETING=hi"}, {"update", "PERCORE_QUEUE_SIZE=many", "GREETING=hi"}, {"update", "--env-file=/nowhere"},
	} {
		if text, code := c.Ctl(args...); code == 0 || !strings.Contains(text, "ERROR: ") {
			t.Errorf("percore %s: got code %d and %q, want an error", strings.Join(args, " "), code, text)
		}
	}
	if text := c.Succeed("reread"); text != "No config updates to processes\n" {
		t.Errorf("reread: got %q", text)
	}
	if got := c.pids(); !slices.Equal(got, pids) {
		t.Errorf("pids: got %v, want %v", got, pids)
	}
}

func TestScaleStartsAndDrainsWorkersAndAnUpdateKeepsTheirNumber(t *testing.T) {
	c := startControlled(t, 1, nil)
	request := c.Get("/")
	request.Clients, request.KeepAlive, request.Check = 4, true, greeting
	running := load.Start(request)
	for _, n := range []int{3, 2} {
		c.Succeed("scale", fmt.Sprint(n))
		if got := len(c.pids()); got != n {
			t.Errorf("scale %d: got %d workers", n, got)
		}
	}
	c.Succeed("update", "GREETING=hi")
	if got := len(c.pids()); got != 2 {
		t.Errorf("after an update of something else: got %d workers, want 2", got)
	}
	c.Succeed("update", "PERCORE_WORKERS=3")
	if got := len(c.pids()); got != 3 {
		t.Errorf("after an update to 3: got %d workers", got)
	}
	c.Succeed("scale", "1")
	if text := c.Succeed("update", "PERCORE_WORKERS=3"); !strings.HasPrefix(text, "PERCORE_WORKERS: 1 -> 3 (starts or drains workers)\n") || len(c.pids()) != 3 {
		t.Errorf("the same after a scale: got %d workers and %q, want 3", len(c.pids()), text)
	}
	if result := running.Stop(); result.Failed() > 0 || result.OK() == 0 {
		t.Errorf("got %v, want every request to be answered", result)
	}
	if text, code := c.Ctl("scale", "nope", "2"); code != 1 || text != "nope: ERROR (no such group): the groups are webs\n" {
		t.Errorf("scale nobody: got code %d and %q", code, text)
	}
}

// pids are the workers' process ids.
func (s *service) pids() (list []int) {
	s.Helper()
	for _, p := range s.status() {
		list = append(list, p.PID)
	}
	return list
}

func TestAnUpdateDuringARollIsRefusedAndCanBeRepeated(t *testing.T) {
	c := startControlled(t, 2, env{"PERCORE_STARTSECS": "3"})
	roll := c.rolling("restart", "all")
	set := []string{"update", "GREETING=hi", "PERCORE_QUEUE_SIZE=7"}
	if text, code := c.Ctl(set...); code != 1 || !strings.Contains(text, "ERROR: nothing was changed: update: a rolling restart is under way") {
		t.Errorf("during a roll: got code %d and %q, want it refused", code, text)
	}
	if text := c.Succeed("reread"); text != "No config updates to processes\n" {
		t.Errorf("reread: got %q", text)
	}
	if err := roll.Wait(); err != nil {
		t.Errorf("restart: got %v", err)
	}
	if text := c.Succeed(set...); !strings.Contains(text, "QUEUE_SIZE: 1024 -> 7") ||
		!strings.HasSuffix(text, "percore: updated process group\nwebs: updated process group\n") {
		t.Errorf("after it: got %q, want both changes made", text)
	}
}

// rolling starts a command that rolls the workers.
func (s *service) rolling(args ...string) *exec.Cmd {
	s.Helper()
	roll := s.Command(args...)
	if err := roll.Start(); err != nil {
		s.Fatal(err)
	}
	s.Await("the roll", func() bool {
		text, _ := s.Ctl("status", "-v")
		return strings.Contains(text, "under way: rolling restart")
	})
	return roll
}

func TestAnUpdateDuringAnotherIsRefusedAtOnce(t *testing.T) {
	c := startControlled(t, 2, env{"PERCORE_STARTSECS": "3"})
	first := c.rolling("update", "GREETING=hi")
	text, code := c.Ctl("update", "PERCORE_QUEUE_SIZE=7")
	if code != 1 || !strings.Contains(text, "ERROR: nothing was changed: another update is under way") {
		t.Errorf("during another: got code %d and %q, want it refused", code, text)
	}
	if text, _ := c.Ctl("status", "-v"); !strings.Contains(text, "under way: rolling restart") {
		t.Errorf("after the answer: got %q, want the first update under way still", text)
	}
	if err := first.Wait(); err != nil {
		t.Errorf("first update: got %v", err)
	}
	c.Succeed("update", "PERCORE_QUEUE_SIZE=7")
}

func TestWhatOnlyPID1GoesByTakesNoNewProcess(t *testing.T) {
	c := startControlled(t, 2, env{"PERCORE_PROGRAMS": "side", "PERCORE_SIDE_COMMAND": "sleep 1000"})
	pids := c.pids()
	for _, set := range []string{"PERCORE_STOPWAITSECS=3", "PERCORE_STARTRETRIES=9", "PERCORE_SIDE_AUTORESTART=false"} {
		if text := c.Succeed("update", set); !strings.Contains(text, "(at once, for the next start, stop or end of a worker)\n") {
			t.Errorf("%s: got %q", set, text)
		}
	}
	if text := c.Succeed("update", "PERCORE_SIDE_WORKERS=2"); !strings.Contains(text, "PERCORE_SIDE_WORKERS: 1 -> 2 (starts or drains workers)\nside:side-1: started\n") {
		t.Errorf("workers of a further program: got %q", text)
	}
	if got := c.pids(); !slices.Equal(got, pids) {
		t.Errorf("pids: got %v, want %v", got, pids)
	}
}

func TestAfterAHaltedUpdateWhatWasBeforeHolds(t *testing.T) {
	c := startControlled(t, 3, env{"PERCORE_READY_TIMEOUT": "1"})
	pids := c.pids()
	set := []string{"update", "PERCORE_READY=http:/exists?file=/nowhere/at/all", "PERCORE_QUEUE_SIZE=7"}
	text, code := c.Ctl(set...)
	if code != 1 || !strings.Contains(text, "ERROR: the previous configuration holds again, and workers that had not failed were left alone: ") {
		t.Errorf("got code %d and %q, want it halted and taken back", code, text)
	}
	c.Await("the worker that failed to be ready as before", func() bool { return c.status()[0].Ready && c.status()[0].PID != pids[0] })
	if now := c.pids(); !slices.Equal(now[1:], pids[1:]) {
		t.Errorf("pids of the others: got %v, want %v still", now[1:], pids[1:])
	}
	if text, _ := c.Ctl("status"); !strings.Contains(text, "degraded: the last update was halted (webs:web-") ||
		!strings.HasSuffix(text, "workers are started as before it\n") {
		t.Errorf("status: got %q, want it to say what holds", text)
	}
	c.Succeed("signal", "KILL", c.name(1))
	c.Await("the worker that was killed to be ready as before", func() bool { return c.status()[1].Ready && c.status()[1].PID != pids[1] })
	if text := c.Succeed("check"); strings.Contains(text, "/nowhere/at/all") {
		t.Errorf("check: got %q, want what was before the update", text)
	}
	if text, code := c.Ctl(set...); code != 1 || !strings.Contains(text, "QUEUE_SIZE: 1024 -> 7") {
		t.Errorf("the same again: got code %d and %q, want it tried again", code, text)
	}
}

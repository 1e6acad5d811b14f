package stack

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"percore/e2e/load"
	"percore/e2e/rig"
)

// resizeTime is how soon after `docker update` a fleet has to begin to follow: seconds, on a busy machine too.
const resizeTime = 30 * time.Second

func TestTheFleetFollowsTheCPUsThatDockerUpdateGives(t *testing.T) {
	if runtime.NumCPU() < 2 {
		t.Skip("SKIPPED: a fleet cannot be resized on one CPU")
	}
	c := run(t, "--cpus", "2", rig.Image("percore-tornado"), "python3", "/var/www/main.py", "--port={port}", "--logging=warning").serving()
	c.awaitReady(2)
	short := load.Start(load.Options{Address: c.direct(), Clients: 4, KeepAlive: true, Pause: 5 * time.Millisecond})
	slow := load.Start(load.Options{Address: c.direct(), Clients: 4, KeepAlive: true, Path: "/slow?s=1"})
	answers(t, slow, 4)
	c.resize(2, 1)
	c.resize(1, 2)
	answers(t, slow, 4)
	for who, got := range map[string]load.Result{"short requests": short.Stop(), "requests of 1s": slow.Stop()} {
		t.Logf("%s: %v", who, got)
		if got.Failed() > 0 || got.IdleReset > 0 {
			t.Errorf("%s: got %d failed and %d idle connections reset, want none", who, got.Failed(), got.IdleReset)
		}
	}
}

func TestAnUpdateDecidesWhetherTheFleetFollowsTheCPUs(t *testing.T) {
	if runtime.NumCPU() < 2 {
		t.Skip("SKIPPED: a fleet cannot be resized on one CPU")
	}
	c := run(
		t, "--cpus", "2", "--env", "PERCORE_WORKERS=2", rig.Image("percore-tornado"), "python3", "/var/www/main.py",
		"--port={port}", "--logging=warning",
	).serving()
	c.awaitReady(2)
	c.expect(0, "PERCORE_WORKERS: 2 -> auto", "", "update", "PERCORE_WORKERS=")
	c.resize(2, 1)
	c.expect(0, "PERCORE_WORKERS: auto -> 1", "", "update", "PERCORE_WORKERS=1")
	rig.Docker(t, "update", "--cpus", "2", c.id)
	c.expect(0, "PERCORE_WORKERS: 1 -> auto", "", "update", "PERCORE_WORKERS=")
	c.awaitReady(2)
	if c.says(`"from":1,"to":2,"reason":"usable CPUs: `) == nil {
		t.Error("the fleet of one worker by configuration followed the CPUs")
	}
	c.resize(2, 1)
}

// resize changes the container's CPUs, and waits until percore has said so, why, and that the fleet has followed.
func (c *container) resize(from, to int) {
	c.t.Helper()
	rig.Docker(c.t, "update", "--cpus", fmt.Sprint(to), c.id)
	said := []string{`"msg":"number of workers changes"`, fmt.Sprintf(`"from":%d,"to":%d,"reason":"usable CPUs: `, from, to), fmt.Sprintf("quota %d", to)}
	began := time.Now()
	rig.Eventually(c.t, resizeTime, func() error { return c.says(said...) })
	c.t.Logf("said within %v of the update to %d CPUs", time.Since(began).Round(10*time.Millisecond), to)
	c.awaitReady(to)
}

// says gives an error unless some line of the log has all these parts.
func (c *container) says(parts ...string) error {
	for line := range strings.Lines(c.logs()) {
		missing := false
		for _, part := range parts {
			missing = missing || !strings.Contains(line, part)
		}
		if !missing {
			return nil
		}
	}
	return fmt.Errorf("log: got no line with %q", parts)
}

// awaitReady waits until so many workers, and no more, are there, and each of them listens.
func (c *container) awaitReady(n int) {
	c.t.Helper()
	first := c.first()
	rig.Eventually(c.t, startTime, func() error {
		workers := children(first, isWorker)
		listening := 0
		for _, worker := range workers {
			if listens(worker) {
				listening++
			}
		}
		if len(workers) != n || listening != n {
			return fmt.Errorf("workers: got %v, %d of them listening, want %d", workers, listening, n)
		}
		return nil
	})
}

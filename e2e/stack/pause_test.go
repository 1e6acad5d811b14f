package stack

import (
	"flag"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"percore/e2e/load"
	"percore/e2e/rig"
)

var pauses = flag.String("pauses", "1s,5s", "for how long the container is paused, each in its turn")

// TestDockerPauseRestartsNoWorkerAndFailsNoRequest has every deadline below the longer pauses; 3 s is the watchdog's too.
func TestDockerPauseRestartsNoWorkerAndFailsNoRequest(t *testing.T) {
	script, err := filepath.Abs("../pid1/testdata/paused.py")
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"--volume", script + ":/paused.py:ro"}
	for _, setting := range strings.Fields(`
		LISTEN=:8080 WORKERS=2 READY=notify READY_TIMEOUT=4 HEALTH=http:/ HEALTH_INTERVAL=1 HEALTH_TIMEOUT=1 HEALTH_FAILURES=3 STOPWAITSECS=3 DRAIN_TIMEOUT=3
		CLIENT_HEADER_TIMEOUT=3 CLIENT_BODY_TIMEOUT=3 SEND_TIMEOUT=3 KEEPALIVE_TIMEOUT=3 PROXY_READ_TIMEOUT=3 QUEUE_TIMEOUT=3`) {
		args = append(args, "--env", "PERCORE_"+setting)
	}
	c := run(t, append(args, rig.Image("percore-tornado"), "--", "python3", "/paused.py", "{port}", "1")...).serving()
	everybody := map[string]*load.Run{
		"kept connections": load.Start(load.Options{Address: c.direct(), Clients: 4, KeepAlive: true, Timeout: 3 * time.Minute}),
		"new connections":  load.Start(load.Options{Address: c.direct(), Clients: 2, Pause: 10 * time.Millisecond, Timeout: 3 * time.Minute}),
		"slow answers":     load.Start(load.Options{Address: c.direct(), Clients: 4, KeepAlive: true, Path: "/slow", Timeout: 3 * time.Minute}),
	}
	for text := range strings.SplitSeq(*pauses, ",") {
		d, err := time.ParseDuration(text)
		if err != nil {
			t.Fatal(err)
		}
		answers(t, everybody["slow answers"], 5)
		rig.Docker(t, "pause", c.id)
		time.Sleep(d)
		rig.Docker(t, "unpause", c.id)
	}
	time.Sleep(2 * time.Second) // by now whoever was to be judged has been
	for who, run := range everybody {
		got := run.Stop()
		t.Logf("pauses of %s, %s: %v", *pauses, who, got)
		if got.Failed() > 0 || got.IdleReset > 0 {
			t.Errorf("%s: got %v, want none failed", who, got)
		}
	}
	restarts := strings.Count(c.logs(), `"msg":"worker started"`) - 3 // two workers and the front door
	t.Logf("restarts: %d", restarts)
	if restarts != 0 {
		t.Errorf("got %d restarts, want none", restarts)
	}
}

package stack

import (
	"testing"
	"time"

	"percore/e2e/load"
	"percore/e2e/rig"
)

func TestDockerStopUnderLoadLosesNoRequestAndEndsWithCodeZero(t *testing.T) {
	c := up(t, ours(t)).service("tornado").serving()
	everybody := map[string]*load.Run{
		"clients that keep their connections": load.Start(load.Options{Address: c.direct(), Clients: 8, KeepAlive: true}),
		"clients that connect each time":      load.Start(load.Options{Address: c.direct(), Clients: 4}),
		"clients of slow answers":             load.Start(load.Options{Address: c.direct(), Clients: 4, KeepAlive: true, Path: "/slow?s=0.3"}),
	}
	for _, r := range everybody {
		answers(t, r, 20)
	}
	slow := load.Start(load.Options{Address: c.direct(), Path: "/slow?s=5"})
	answers(t, everybody["clients that keep their connections"], 50) // by then the slow one has been asked for
	if slow.Result().OK() > 0 {
		t.Skip("SKIPPED: the request of 5s had its answer before the stop: this machine is too busy")
	}

	began := time.Now()
	rig.Docker(t, "stop", "--time", "10", c.id)
	took := time.Since(began)

	if code := c.exitCode(startTime); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
	if took >= 15*time.Second { // the command itself takes its time on a busy machine
		t.Errorf("docker stop: got %v, want about the 10s at most after which Docker kills", took)
	}
	everybody["the request of 5s"] = slow
	for who, r := range everybody {
		got := r.Stop()
		t.Logf("%s: %v", who, got)
		if got.Lost() > 0 || got.IdleReset > 0 {
			t.Errorf("%s: got %d requests lost and %d idle connections reset, want none", who, got.Lost(), got.IdleReset)
		}
	}
	if got := slow.Result(); got.OK() != 1 {
		t.Errorf("the request of 5s: got %d answers, want 1", got.OK())
	}
}

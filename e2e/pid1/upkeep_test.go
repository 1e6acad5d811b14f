package pid1

import (
	"strings"
	"syscall"
	"testing"

	"percore/e2e/load"
	"percore/e2e/program"
	"percore/e2e/rig"
)

func TestWorkersPastTheirRequestsAreReplacedWithoutALoss(t *testing.T) {
	s := startTornado(t, 2, env{"PERCORE_MAX_REQUESTS": "200", "PERCORE_MAX_REQUESTS_JITTER": "50", "PERCORE_STARTSECS": "0.2"})
	m := s.startMixedLoad()
	s.Await("every worker to be replaced twice", func() bool { return s.rolled() >= 4 })
	m.expectNothingLost(s)
	if !s.Said(`"what":"recycling"`, "is past its limit: 2") {
		t.Error("want the reason in the log")
	}
}

func TestAFrozenWorkerIsReplaced(t *testing.T) {
	for _, health := range []string{"http:/", "tcp"} {
		t.Run(health, func(t *testing.T) { frozenWorkerIsReplaced(t, health) })
	}
}

func frozenWorkerIsReplaced(t *testing.T, health string) {
	s := startTornado(t, 2, env{"PERCORE_HEALTH": health, "PERCORE_HEALTH_INTERVAL": "0.3", "PERCORE_HEALTH_TIMEOUT": "1"})
	name := s.WorkerName(1)
	victim := s.Named(name)
	if err := syscall.Kill(victim.PID, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	s.Await("the frozen worker to be taken out of traffic", func() bool { return s.Said("worker is out of traffic", name) })
	request := s.Get("/")
	request.Clients, request.Check = 4, greeting
	run := load.Start(request)
	s.Await("its replacement", func() bool {
		l := s.ReadyWorkers()[name]
		return l.PID != 0 && l.PID != victim.Inside
	})
	if got := run.Stop(); got.Failed() > 0 {
		t.Errorf("while it is replaced: got %v, want no failure", got)
	}
}

// TestStatusSaysWhomTheFrontDoorAvoids is about a frozen worker that nobody asks for its health.
func TestStatusSaysWhomTheFrontDoorAvoids(t *testing.T) {
	c := startControlled(t, 2, env{"PERCORE_PROXY_READ_TIMEOUT": "0.2"})
	name := c.WorkerName(0)
	if err := syscall.Kill(c.Named(name).PID, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	request := c.Get("/")
	request.Clients = 4
	run := load.Start(request)
	c.Await("status -v to say so", func() bool {
		text, _ := c.Ctl("status", "-v", name)
		return strings.Contains(text, "avoided as it does not answer")
	})
	run.Stop()
}

func TestAWorkerThatGrowsIsReplaced(t *testing.T) {
	grow := `x = bytearray(60 << 20)
import sys
from http.server import HTTPServer, BaseHTTPRequestHandler
HTTPServer(("127.0.0.1", int(sys.argv[1])), BaseHTTPRequestHandler).serve_forever()`
	rig.Need(t, "a worker in Python", program.Python, "-c", "")
	s := start(t, env{"PERCORE_WORKERS": "1", "PERCORE_MAX_RSS": "50MB"}, "--", program.Python, "-c", grow, "{port}")
	s.Await("a replacement", func() bool {
		return s.Said("is past its limit: resident memory of") && len(s.WorkerLines("worker started")) > 1
	})
	for _, l := range s.WorkerLines("worker ended")[:1] {
		if l.Next != "stopped" {
			t.Errorf("got next %q, want it stopped: %s", l.Next, l.Text)
		}
	}
}

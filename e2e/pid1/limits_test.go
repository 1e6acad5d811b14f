package pid1

import (
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"percore/e2e/load"
	"percore/e2e/proc"
	"percore/e2e/program"
	"percore/e2e/rig"
)

// moody is a worker whose health check fails twice, is well once, and so on; it fails for good once there is a file.
// It prints how many checks in a row have failed.
const moody = `
import os, sys
from http.server import HTTPServer, BaseHTTPRequestHandler
checks = row = 0
class Moody(BaseHTTPRequestHandler):
    def do_GET(self):
        global checks, row
        checks += 1
        row = row + 1 if checks % 3 or os.path.exists(sys.argv[2] + str(os.getpid())) else 0
        print("failed checks of", os.getpid(), "in a row:", row, flush=True)
        self.send_response(503 if row else 200); self.send_header("Content-Length", "0"); self.end_headers()
    def log_message(self, *args): pass
HTTPServer(("127.0.0.1", int(sys.argv[1])), Moody).serve_forever()
`

func TestHEALTHFAILURESInARowAreTooMany(t *testing.T) {
	rig.Need(t, "a worker in Python", program.Python, "-c", "")
	unwell := t.TempDir() + "/unwell-"
	s := start(t, env{
		"PERCORE_WORKERS": "1", "PERCORE_HEALTH": "http:/", "PERCORE_HEALTH_INTERVAL": "0.05",
		"PERCORE_HEALTH_TIMEOUT": "20", "PERCORE_HEALTH_FAILURES": "3",
	}, "--", program.Python, "-c", moody, "{port}", unwell)
	name := s.WorkerName(0)
	pid := s.Named(name).Inside
	failed := func(row int) int {
		want := fmt.Sprintf("failed checks of %d in a row: %d", pid, row)
		return len(s.All(func(l rig.Line) bool { return strings.HasSuffix(l.Text, want) }))
	}
	s.Await("two failures in a row, five times", func() bool { return failed(2) >= 5 })
	if s.Said("worker is out of traffic") || s.ReadyWorkers()[name].PID != pid {
		t.Fatal("got the worker replaced after two failures in a row, want three of them")
	}
	if err := os.WriteFile(unwell+strconv.Itoa(pid), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	s.Await("the unwell worker to be replaced", func() bool {
		l := s.ReadyWorkers()[name]
		return l.PID != 0 && l.PID != pid
	})
	if !s.Said("worker is out of traffic", name, "health check: ") {
		t.Error("want the reason in the log")
	}
	if failed(3) != 1 || failed(4) != 0 {
		t.Errorf("got %d third and %d fourth failures in a row, want one and none", failed(3), failed(4))
	}
}

func TestWorkersPastTheirLIFETIMEAreReplacedWithoutALoss(t *testing.T) {
	s := startTornado(t, 2, env{"PERCORE_MAX_LIFETIME": "3", "PERCORE_STARTSECS": "0.2"})
	old := s.ReadyWorkers()
	m := s.startMixedLoad() // with requests as long as a life
	s.Await("another pid for each worker", func() bool {
		now := s.ReadyWorkers()
		for name, l := range old {
			if pid := now[name].PID; pid == 0 || pid == l.PID {
				return false
			}
		}
		return true
	})
	m.expectNothingLost(s)
	if !s.Said(`"what":"recycling"`, "is past its limit: lifetime of 3s") {
		t.Error("want the reason in the log")
	}
	for _, l := range s.WorkerLines("worker ended") {
		if l.Next != "stopped" {
			t.Errorf("got next %q, want it stopped: %s", l.Next, l.Text)
		}
	}
}

func TestDRAINTIMEOUTCutsARequestThatARollWouldWaitFor(t *testing.T) {
	const drain = 5 * time.Second
	s := start(t, env{"PERCORE_WORKERS": "1", "PERCORE_DRAIN_TIMEOUT": drain.String()}, serveCommand()...)
	s.AwaitReady(1)
	name := s.WorkerName(0)
	old := s.ReadyWorkers()[name]
	ask := func(method, length string) <-chan load.Result {
		request, answer := s.Get("/slow?for="+length), make(chan load.Result, 1)
		request.Method, request.Timeout = method, time.Minute
		go func() { answer <- load.Once(request) }()
		return answer
	}
	long, short := ask(http.MethodPost, "50s"), ask(http.MethodGet, "2s") // the new worker would get a GET that was cut again
	s.Await("both requests in flight", func() bool { return proc.Established(s.PortsFrom) >= 2 })
	began := time.Now()
	s.Signal(syscall.SIGHUP)
	if got := <-short; got.OK() != 1 {
		t.Errorf("the request that is shorter than DRAIN_TIMEOUT: got %v, want its answer", got)
	}
	got := <-long
	if took := time.Since(began); got.Statuses[http.StatusBadGateway] != 1 || took < drain || took > drain+rig.Patience {
		t.Errorf("the request that is longer: got %v, %v after the signal, want a 502 after %v", got, took, drain)
	}
	s.Await("the reason in the log", func() bool { return s.Said("requests are still in flight; stopping the worker", name) })
	s.Await("the end of the roll", func() bool { return s.rolled() == 1 })
	if l := s.ReadyWorkers()[name]; l.PID == old.PID {
		t.Error("got the old process, want a new one")
	}
}

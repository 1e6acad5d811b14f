package pid1

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"testing"

	"percore/e2e/load"
)

// demoPage is what /json of the demo worker says.
type demoPage struct {
	Worker string `json:"worker"`
	PID    int    `json:"pid"`
	Client string `json:"client"`
	Scheme string `json:"scheme"`
}

// answeredBy asks until n workers have answered, and returns their names.
func (s *service) answeredBy(n int) map[string]bool {
	s.Helper()
	workers := map[string]bool{}
	s.Await(fmt.Sprintf("answers from %d workers", n), func() bool {
		var page demoPage
		if err := json.Unmarshal([]byte(s.Body("/json")), &page); err != nil {
			s.Fatalf("GET /json: %v", err)
		}
		workers[page.Worker] = true
		return len(workers) >= n
	})
	return workers
}

func TestTheDemoHasOneWorkerPerUsableCPU(t *testing.T) {
	for _, test := range []struct {
		name, cpus string
		want       int
	}{
		{"one CPU makes one worker", "0", 1},
		{"two CPUs make two", "0,1", 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			if exec.Command("taskset", "-c", test.cpus, "true").Run() != nil {
				t.Skip("SKIPPED: this machine does not give us the CPUs", test.cpus)
			}
			s := startUnder(t, []string{"taskset", "-c", test.cpus}, nil, "demo")
			s.AwaitReady(test.want)
			s.answeredBy(test.want)
			if got := len(s.WorkerLines("worker started")); got != test.want {
				t.Errorf("got %d workers started, want %d", got, test.want)
			}
			if code := s.Stop(); code != 0 {
				t.Errorf("got exit code %d after SIGTERM, want 0", code)
			}
		})
	}
}

// TestTheDemoOfAContainerListensOnEveryAddress has a network of its own, as a container has.
func TestTheDemoOfAContainerListensOnEveryAddress(t *testing.T) {
	s := startUnder(t, []string{"unshare", "--net"}, env{"PERCORE_LISTEN": ""}, "demo")
	s.Await("the address to be named", func() bool { return s.Said(`"listen":":8080"`) })
}

func TestEveryWorkerAnswersUnderLoad(t *testing.T) {
	s := start(t, env{"PERCORE_WORKERS": "3"}, "demo")
	s.AwaitReady(3)
	request := s.Get("/json")
	request.Clients, request.KeepAlive = 16, true
	run := load.Start(request)
	s.answeredBy(3)
	if got := run.Stop(); got.Failed() > 0 || got.IdleReset > 0 {
		t.Errorf("got %v, want no failure", got)
	}
}

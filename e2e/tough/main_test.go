// Package tough has the scenarios in which everything around percore goes wrong: its output, the kernel's limits, a
// storm of orphans, a terminal that stops writers. percore is a real PID 1 in a pid namespace of its own. Its log is where
// a scenario says, which may be nowhere: what counts is seen in /proc too.
package tough

import (
	"fmt"
	"maps"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"percore/e2e/proc"
	"percore/e2e/rig"
)

var kit = rig.Kit{Name: "tough", NeedsPID1: true}

// roles are what else this binary is, by its first argument.
var roles = map[string]func(arguments []string) error{besieger: runBesieger, siegeWorker: runSiegeWorker}

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && roles[os.Args[1]] != nil {
		if err := roles[os.Args[1]](os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, "tough:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(kit.Main(m))
}

// service is a percore that is PID 1 of its own namespace, with what these scenarios ask of it beside what every one does.
type service struct{ *rig.Service }

// start runs percore with one worker, the demo's when there are no arguments, and a log in a file where it has no other place.
func start(t *testing.T, o rig.Setup) *service {
	t.Helper()
	variables := map[string]string{"PERCORE_WORKERS": "1"}
	maps.Copy(variables, o.Env)
	o.Env, o.LogFile = variables, true
	if len(o.Args) == 0 {
		o.Args = []string{"demo"}
	}
	return &service{kit.Start(t, o)}
}

// soon is less than the budget of a stop, which is 9 s: only what hangs takes that, however busy the machine is.
const soon = 8 * time.Second

// expectStop stops percore and wants code 0, soon.
func (s *service) expectStop() {
	s.Helper()
	began := time.Now()
	code := s.Stop()
	if took := time.Since(began); code != 0 || took > soon {
		s.Errorf("stop: got exit code %d after %v, want 0 within %v", code, took, soon)
	}
}

// front is the front door's process; 0 when there is none.
func (s *service) front() int {
	for _, pid := range proc.Children(s.PID) {
		if proc.Status(pid)["Name"] == "percore-front" {
			return pid
		}
	}
	return 0
}

// worker is the demo worker's process; 0 when there is none.
func (s *service) worker() int {
	for _, pid := range proc.Children(s.PID) {
		if strings.Contains(proc.CommandLine(pid), "demo-worker") {
			return pid
		}
	}
	return 0
}

// zombies counts PID 1's dead children.
func (s *service) zombies() int {
	n := 0
	for _, pid := range proc.Children(s.PID) {
		if proc.State(pid) == "Z" {
			n++
		}
	}
	return n
}

// catching counts the children of PID 1 that run a command and catch a signal by now.
func (s *service) catching(command string, signal syscall.Signal) int {
	n := 0
	for _, p := range proc.ReadAll(proc.Children(s.PID)) {
		if p.Argument(0) == command && p.Status.Has("SigCgt", signal) {
			n++
		}
	}
	return n
}

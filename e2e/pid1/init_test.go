package pid1

import (
	"encoding/json"
	"slices"
	"testing"

	"percore/e2e/proc"
)

func TestOrphansAreReaped(t *testing.T) {
	s := startTornado(t, 1, nil)
	const orphans = 5
	pids := map[int]bool{}
	for range orphans {
		var orphan struct {
			PID int `json:"pid"`
		}
		if err := json.Unmarshal([]byte(s.Body("/orphan?s=3")), &orphan); err != nil {
			t.Fatal(err)
		}
		pids[orphan.PID] = true
	}
	s.Await("an orphan to be adopted by PID 1", func() bool {
		return slices.ContainsFunc(s.Processes(), func(p proc.Process) bool { return pids[p.Inside] && p.Stat.PPID == s.PID })
	})
	s.Await("every orphan to be gone, as a zombie too", func() bool {
		return !slices.ContainsFunc(s.Processes(), func(p proc.Process) bool { return pids[p.Inside] })
	})
}

func TestPID1LeavesNoZombie(t *testing.T) {
	// A hundred orphans that end all at once: one SIGCHLD may stand for many of them.
	script := `for i in $(seq 100); do (sleep 0.2 & ) ; done; exec "$1" worker serve "$2"`
	s := start(t, env{"PERCORE_WORKERS": "1"}, "--", "/bin/sh", "-c", script, "sh", workerBinary, "{port}")
	s.AwaitReady(1)
	s.Await("only PID 1, the front door and the worker to be left", func() bool { return len(s.Processes()) == 3 })
}

func TestAWorkersWholeProcessGroupEndsWithIt(t *testing.T) {
	for _, test := range []struct {
		name string
		stop func(*service)
	}{
		{"at a stop, the children that ignore SIGTERM too", func(s *service) {
			if code := s.Stop(); code != 0 {
				s.Errorf("got exit code %d, want 0", code)
			}
		}},
		{"when the worker is killed", func(s *service) { s.Kill(s.Worker(0)) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := start(t, env{"PERCORE_WORKERS": "1", "PERCORE_STOP_TIMEOUT": "3"}, serveCommand()...)
			s.AwaitReady(1)
			s.Body("/children")
			var children []proc.Process
			s.Await("the worker's children", func() bool {
				children = nil
				for _, p := range s.Processes() {
					if p.Status["Name"] == "sleep" || p.Status["Name"] == "sh" {
						children = append(children, p)
					}
				}
				return len(children) == 3
			})
			test.stop(s)
			s.Await("the children to be gone", func() bool {
				for _, child := range children {
					if _, there := s.Find(child.Inside); there {
						return false
					}
				}
				return true
			})
		})
	}
}

func TestPID1EndsEverythingWhenItIsKilled(t *testing.T) {
	s := start(t, env{"PERCORE_WORKERS": "2"}, "demo")
	s.AwaitReady(2)
	s.Kill(proc.Process{PID: s.PID})
	s.Await("the whole namespace to be gone", func() bool { return len(s.Processes()) == 0 })
}

package pid1

import (
	"fmt"
	"maps"
	"os"
	"syscall"
	"testing"

	"percore/e2e/proc"
	"percore/e2e/rig"
)

// daemonSeconds is how the scenarios know the daemons: nobody else sleeps for so long.
const daemonSeconds = "86123"

// daemonising is a worker that leaves processes behind as npm, pm2 and celery do: in a session of its own, by a double fork, without its
// environment. The one that serves is a daemon itself, and the leader only waits.
const daemonising = `( setsid sleep ` + daemonSeconds + ` & ); ( env -i setsid sleep ` + daemonSeconds + ` & )
( setsid sh -c "( setsid %s worker serve {port} & )" & ); exec sleep 86000`

const daemonsEach = 2

// dockerCapabilities has root keep what Docker leaves to a container; SYS_PTRACE is not among it.
func dockerCapabilities(t *testing.T) []string {
	t.Helper()
	rig.Need(t, "setpriv takes capabilities away", "setpriv", "--version")
	return []string{"setpriv", "--bounding-set=-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+net_bind_service"}
}

func startDaemonising(t *testing.T, n int, variables env) *service {
	t.Helper()
	all := env{"PERCORE_CONTROL": t.TempDir() + "/control.sock", "PERCORE_WORKERS": fmt.Sprint(n), "PERCORE_GROUP": "webs", "PERCORE_NAME": "web"}
	maps.Copy(all, variables)
	c := startUnder(t, dockerCapabilities(t), all, "sh", "-c", fmt.Sprintf(daemonising, workerBinary))
	c.AwaitReady(n)
	c.awaitDaemons(n * daemonsEach)
	return c
}

// daemons lists the daemons that live.
func (s *service) daemons() (list []proc.Process) {
	for _, p := range s.Processes() {
		if p.Command() == "sleep "+daemonSeconds {
			list = append(list, p)
		}
	}
	return list
}

func (s *service) awaitDaemons(want int) {
	s.Helper()
	s.Await(fmt.Sprintf("%d daemons", want), func() bool { return len(s.daemons()) == want })
}

// expectOnly checks that of each of these daemons there is nothing left, and that their successors are all that there is.
func (s *service) expectSuccessors(old []proc.Process, workers int) {
	s.Helper()
	s.awaitDaemons(workers * daemonsEach)
	for _, p := range s.daemons() {
		for _, o := range old {
			if o.PID == p.PID {
				s.Errorf("the daemon %v outlives its worker", p)
			}
		}
	}
}

func TestWhatAWorkerStartedIsGoneBeforeItsSuccessorServes(t *testing.T) {
	for name, variables := range map[string]env{
		"workers of the same user": {},
		"workers of another user":  {"PERCORE_USER": "65533:65533"},
	} {
		t.Run(name, func(t *testing.T) {
			c := startDaemonising(t, 2, variables)
			old := c.daemons()
			for i := range 2 {
				c.Kill(c.Worker(i))
			}
			c.Await("both to be ready again", func() bool { return len(c.WorkerLines("worker ready")) >= 4 })
			c.expectSuccessors(old, 2)

			old = c.daemons()
			c.Succeed("restart", "webs:*")
			c.expectSuccessors(old, 2)

			c.Succeed("scale", "1")
			c.awaitDaemons(daemonsEach)
			c.Succeed("stop", "webs:*")
			c.awaitDaemons(0)
			if left := c.Processes(); len(left) != 2 {
				t.Errorf("after stop: got %v, want percore and its front door", left)
			}
			if code := c.Stop(); code != 0 {
				t.Errorf("exit code: got %d, want 0", code)
			}
		})
	}
}

// TestTheRestHasTheRemainingTime has a daemon that ends in order when it is asked, after its leader has ended.
func TestTheRestHasTheRemainingTime(t *testing.T) {
	dir := t.TempDir()
	script := `( setsid sh -c 'trap "sleep 0.3; echo ended >` + dir + `/daemon; exit 0" TERM; while :; do sleep 0.05; done' & )
exec ` + workerBinary + ` worker serve {port}`
	s := start(t, env{"PERCORE_WORKERS": "1", "PERCORE_STOPWAITSECS": "8"}, "sh", "-c", script)
	s.AwaitReady(1)
	s.Signal(syscall.SIGTERM)
	if code := s.Wait(); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
	if text, err := os.ReadFile(dir + "/daemon"); err != nil || string(text) != "ended\n" {
		t.Errorf("what the daemon wrote at its end: got %q and %v, want it to have ended in order", text, err)
	}
}

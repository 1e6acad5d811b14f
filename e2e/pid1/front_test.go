package pid1

import (
	"maps"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"percore/e2e/load"
	"percore/e2e/proc"
	"percore/e2e/rig"
)

func TestTheFrontDoorComesBackWithin100msAndNobodyIsRefused(t *testing.T) {
	s := start(t, env{"PERCORE_WORKERS": "2"}, "demo")
	s.AwaitReady(2)
	const clients, kills = 8, 5
	request := s.Get("/")
	request.Clients, request.KeepAlive, request.Check = clients, true, greeting
	kept := load.Start(request)
	request.KeepAlive, request.Pause = false, time.Millisecond
	fresh := load.Start(request)

	var slowest time.Duration
	for range kills {
		front := s.Front()
		s.Await("load on the front door", moreAnswers(fresh, 20))
		killed := time.Now()
		s.Kill(front)
		slowest = max(slowest, s.nextAnswer(killed))
		s.Await("a new front door", func() bool { return s.Alive(true)[rig.FrontName].PID != front.Inside })
	}
	for name, got := range map[string]load.Result{"keep-alive": kept.Stop(), "a connection for each": fresh.Stop()} {
		if got.Count(load.Refused) > 0 || got.Count(load.NoConnection) > 0 {
			t.Errorf("%s: got %v, want no connection refused", name, got)
		}
		if got.Failed() > clients*kills || got.Failed() != got.Count(load.Reset)+got.Count(load.NoAnswer)+got.Count(load.Truncated) {
			t.Errorf("%s: got %v, want only requests in flight to fail: at most %d for each of %d kills", name, got, clients, kills)
		}
		t.Logf("%s: %v", name, got)
	}
	rig.WantWithin(t, "the first answer after a kill, the slowest of five", slowest, 100*time.Millisecond)
}

// nextAnswer asks on new connections until one is answered, and returns how long after a moment that was.
func (s *service) nextAnswer(since time.Time) (took time.Duration) {
	s.Helper()
	s.Await("an answer", func() bool {
		request := s.Get("/")
		request.Timeout = time.Second
		ok := load.Once(request).OK() == 1
		took = time.Since(since)
		return ok
	})
	return took
}

// moreAnswers is the condition that n more right answers have come.
func moreAnswers(run *load.Run, n int) func() bool {
	before := run.Result().OK()
	return func() bool { return run.Result().OK() >= before+n }
}

func TestTheFrontDoorHasNoPrivileges(t *testing.T) {
	s := start(t, env{"PERCORE_WORKERS": "1"}, "demo")
	s.AwaitReady(1)
	for field, want := range map[string]string{
		"Uid": "65534\t65534\t65534\t65534", "Gid": "65534\t65534\t65534\t65534", "Groups": "65534",
		"NoNewPrivs": "1", "CapEff": "0000000000000000", "CapPrm": "0000000000000000",
	} {
		if got := s.Front().Status[field]; got != want {
			t.Errorf("%s of the front door: got %q, want %q", field, got, want)
		}
	}
	if got := proc.Status(s.PID)["Uid"]; !strings.HasPrefix(got, "0\t") {
		t.Errorf("user of PID 1: got %q, want root", got)
	}
}

// A worker that was broken into looks for the front door's connections, listeners and link among its descriptors and in its memory.
func TestAWorkerCannotLookIntoTheFrontDoor(t *testing.T) {
	for name, c := range map[string]struct {
		user      int
		wrapper   []string
		variables env
		front     string // its uid
		degraded  int    // lines
	}{
		"workers that are nobody":   {user: 65534, variables: env{"PERCORE_USER": "65534:65534"}, front: "65533"},
		"percore that is not root":  {user: 1000, wrapper: asUser1000, front: "1000", degraded: 1},
		"workers of a user of root": {user: 1000, variables: env{"PERCORE_USER": "1000:1000"}, front: "65534"},
	} {
		t.Run(name, func(t *testing.T) {
			variables := env{"PERCORE_WORKERS": "1"}
			maps.Copy(variables, c.variables)
			s := startUnder(t, c.wrapper, variables, workerBinary, "worker", "serve", "{port}")
			s.AwaitReady(1)
			front := s.Front()
			if got, _, _ := strings.Cut(front.Status["Uid"], "\t"); got != c.front || front.Status["NoNewPrivs"] != "1" {
				t.Errorf("front door: got uid %s and no_new_privs %s, want %s and 1", got, front.Status["NoNewPrivs"], c.front)
			}
			if !looksInto(c.user, s.Worker(0).PID) {
				t.Error("a worker: got that its user cannot look into it, so that the test can tell nothing")
			}
			for what, pid := range map[string]int{"the front door": front.PID, "PID 1": s.PID} {
				if looksInto(c.user, pid) {
					t.Errorf("%s: got that a worker's user can look into it", what)
				}
			}
			s.Kill(front)
			s.Await("a new front door", func() bool { return s.Alive(true)[rig.FrontName].PID != front.Inside })
			s.Body("/") // by now it has closed the door behind it
			if looksInto(c.user, s.Front().PID) {
				t.Error("the next front door: got that a worker's user can look into it")
			}
			if n := len(s.WorkerLines("degraded")); n != c.degraded {
				t.Errorf("degraded: got %d lines, want %d", n, c.degraded)
			}
		})
	}
}

// looksInto reports whether a user gets at a process's memory or descriptors.
func looksInto(user, pid int) bool {
	id := strconv.Itoa(user)
	at := "/proc/" + strconv.Itoa(pid)
	return exec.Command("setpriv", "--reuid="+id, "--regid="+id, "--clear-groups", "sh", "-c", "ls "+at+"/fd || cat <"+at+"/mem >/dev/null").Run() == nil
}

func TestPID1KeepsTheListenersAndWorkersDoNotGetThem(t *testing.T) {
	s := start(t, env{"PERCORE_WORKERS": "1"}, "demo")
	s.AwaitReady(1)
	inode := s.listenerInode()
	for _, test := range []struct {
		name string
		pid  int
		want bool
	}{
		{"PID 1", s.PID, true},
		{"the front door", s.Front().PID, true},
		{"a worker", s.Worker(0).PID, false},
	} {
		if got := proc.Holds(test.pid, inode); got != test.want {
			t.Errorf("%s has the public listener: got %t, want %t", test.name, got, test.want)
		}
	}
}

// listenerInode finds the public listener.
func (s *service) listenerInode() string {
	s.Helper()
	for _, socket := range proc.Sockets(os.Getpid()) {
		if socket.Port == s.Port() && socket.Listening {
			return socket.Inode
		}
	}
	s.Fatalf("nobody listens on %s", s.Address)
	return ""
}

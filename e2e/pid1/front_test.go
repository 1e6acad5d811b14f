package pid1

import (
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"percore/e2e/load"
)

func TestTheFrontDoorComesBackWithin100msAndNobodyIsRefused(t *testing.T) {
	s := start(t, env{"PERCORE_WORKERS": "2"}, "demo")
	s.awaitReady(2)
	const clients, kills = 8, 5
	request := s.get("/")
	request.Clients, request.KeepAlive, request.Check = clients, true, greeting
	kept := load.Start(request)
	request.KeepAlive, request.Pause = false, time.Millisecond
	fresh := load.Start(request)

	var slowest time.Duration
	for range kills {
		front := s.front()
		s.await("load on the front door", moreAnswers(fresh, 20))
		killed := time.Now()
		s.kill(front)
		slowest = max(slowest, s.nextAnswer(killed))
		s.await("a new front door", func() bool { return s.alive(true)[frontName].PID != front.inside })
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
	wantWithin(t, "the first answer after a kill, the slowest of five", slowest, 100*time.Millisecond)
}

// nextAnswer asks on new connections until one is answered, and returns how long after a moment that was.
func (s *service) nextAnswer(since time.Time) (took time.Duration) {
	s.Helper()
	s.await("an answer", func() bool {
		request := s.get("/")
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
	s.awaitReady(1)
	for field, want := range map[string]string{
		"Uid": "65534\t65534\t65534\t65534", "Gid": "65534\t65534\t65534\t65534", "Groups": "65534",
		"NoNewPrivs": "1", "CapEff": "0000000000000000", "CapPrm": "0000000000000000",
	} {
		if got := s.front().status[field]; got != want {
			t.Errorf("%s of the front door: got %q, want %q", field, got, want)
		}
	}
	if got := statusOf(s.pid)["Uid"]; !strings.HasPrefix(got, "0\t") {
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
			s := startUnder(t, c.wrapper, variables, built.worker, "worker", "serve", "{port}")
			s.awaitReady(1)
			front := s.front()
			if got, _, _ := strings.Cut(front.status["Uid"], "\t"); got != c.front || front.status["NoNewPrivs"] != "1" {
				t.Errorf("front door: got uid %s and no_new_privs %s, want %s and 1", got, front.status["NoNewPrivs"], c.front)
			}
			if !looksInto(c.user, s.worker(0).pid) {
				t.Error("a worker: got that its user cannot look into it, so that the test can tell nothing")
			}
			for what, pid := range map[string]int{"the front door": front.pid, "PID 1": s.pid} {
				if looksInto(c.user, pid) {
					t.Errorf("%s: got that a worker's user can look into it", what)
				}
			}
			s.kill(front)
			s.await("a new front door", func() bool { return s.alive(true)[frontName].PID != front.inside })
			s.body("/") // by now it has closed the door behind it
			if looksInto(c.user, s.front().pid) {
				t.Error("the next front door: got that a worker's user can look into it")
			}
			if n := len(s.messages("degraded")); n != c.degraded {
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
	s.awaitReady(1)
	inode := s.listenerInode()
	for _, test := range []struct {
		name string
		pid  int
		want bool
	}{
		{"PID 1", s.pid, true},
		{"the front door", s.front().pid, true},
		{"a worker", s.worker(0).pid, false},
	} {
		if got := holds(test.pid, inode); got != test.want {
			t.Errorf("%s has the public listener: got %t, want %t", test.name, got, test.want)
		}
	}
}

// listenerInode finds the public listener in /proc/net/tcp (man 5 proc).
func (s *service) listenerInode() string {
	s.Helper()
	address, err := net.ResolveTCPAddr("tcp", s.address)
	if err != nil {
		s.Fatal(err)
	}
	content, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		s.Fatal(err)
	}
	const localAddress, state, inode, listen = 1, 3, 9, "0A"
	for _, row := range strings.Split(string(content), "\n") {
		fields := strings.Fields(row)
		if len(fields) > inode && fields[state] == listen && strings.HasSuffix(fields[localAddress], fmt.Sprintf(":%04X", address.Port)) {
			return fields[inode]
		}
	}
	s.Fatalf("nobody listens on %s", s.address)
	return ""
}

// holds says whether a process has the socket with that inode among its descriptors.
func holds(pid int, inode string) bool {
	links, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	for _, link := range links {
		if to, _ := os.Readlink(link); to == "socket:["+inode+"]" {
			return true
		}
	}
	return false
}

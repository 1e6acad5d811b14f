package tough

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"percore/e2e/rig"
)

// wantOneSentence wants a start that ended with 2, named the limit, and said little else: no crash of Go's runtime.
func (s *service) wantOneSentence(limit string) {
	s.Helper()
	code := s.Wait()
	text := s.Text()
	if code != 2 || !strings.Contains(text, limit) || !strings.Contains(text, "Raise it") || strings.Count(text, "\n") > 3 {
		s.Errorf("got exit code %d and\n%s\nwant 2 and one sentence that names %s", code, text, limit)
	}
}

func TestPidsMaxThatIsTooSmallForPercoreIsNamed(t *testing.T) {
	for _, most := range []string{"7", "10", "13", "20"} {
		t.Run(most, func(t *testing.T) {
			group := rig.NewCgroup(t, "pids")
			group.Set("pids.max", "pids.max", most)
			start(t, rig.Setup{Wrapper: group.Enter()}).wantOneSentence("pids.max=" + most)
		})
	}
}

// nobodyElse is a user that has no processes yet, and none of another run of these tests.
func nobodyElse() int { return 100_000 + os.Getpid()%100_000 }

func TestAUsersLimitThatIsTooSmallForPercoreIsNamed(t *testing.T) {
	rig.Need(t, "a start as another user", "setpriv", "--version")
	uid := nobodyElse()
	start(t, rig.Setup{Wrapper: []string{
		"prlimit", "--nproc=15", "setpriv", fmt.Sprintf("--reuid=%d", uid), fmt.Sprintf("--regid=%d", uid), "--clear-groups", "--inh-caps=-all", "--bounding-set=-all",
	}}).wantOneSentence("ulimit -u")
}

// TestAFrontDoorWhoseUserMayHaveTooFewThreadsEndsTheFleet: root is not bound by the limit, the front door's user is.
func TestAFrontDoorWhoseUserMayHaveTooFewThreadsEndsTheFleet(t *testing.T) {
	s := start(t, rig.Setup{Wrapper: []string{"prlimit", "--nproc=10"}, Env: map[string]string{"PERCORE_FRONT_USER": fmt.Sprintf("%[1]d:%[1]d", nobodyElse())}})
	if code := s.Wait(); code != 1 {
		t.Errorf("exit code: got %d, want 1", code)
	}
	text := s.Text()
	if !strings.Contains(text, "the front door needs 17 processes and threads, and RLIMIT_NPROC (ulimit -u)=10 leaves 10") || strings.Contains(text, "goroutine") {
		t.Errorf("got\n%s\nwant the limit named, and no crash", text)
	}
	if n := len(s.Lines("worker not started")); n > 12 {
		t.Errorf("refusals: got %d, want few", n)
	}
}

func TestAMemoryLimitBelowPercoresOwnNeedIsNamed(t *testing.T) {
	group := rig.NewCgroup(t, "memory")
	group.Set("memory.limit_in_bytes", "memory.max", "20M")
	s := start(t, rig.Setup{Wrapper: group.Enter()})
	s.Await("a word of it", func() bool {
		return strings.Contains(s.Text(), "the memory limit of 20 MB is less than percore itself needs")
	})
}

// TestAFrontDoorWaitsForRoomWithoutACrash kills it while a worker has taken all of pids.max, and gives some back later.
func TestAFrontDoorWaitsForRoomWithoutACrash(t *testing.T) {
	group := rig.NewCgroup(t, "pids")
	group.Set("pids.max", "pids.max", "64")
	dir := t.TempDir()
	hungry := filepath.Join(dir, "hungry")
	s := start(t, rig.Setup{
		Wrapper: group.Enter(), Args: []string{"sh", "-c", `while [ ! -e "$0/hungry" ]; do sleep 0.05; done; ` + hog, dir},
		Env: map[string]string{"PERCORE_READY": "none", "PERCORE_STARTRETRIES": "100", "PERCORE_QUEUE_TIMEOUT": "0.1"},
	})
	s.Await("the front door to answer, for want of a worker that listens", func() bool {
		answer, err := http.Get("http://" + s.Address)
		if err == nil {
			answer.Body.Close()
		}
		return err == nil
	})
	if err := os.WriteFile(hungry, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s.Await("pids.max to be reached", func() bool { return group.Value("pids.current") == "64" })
	old := s.front()
	if err := syscall.Kill(old, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	// Its threads are taken before there is another, or the other finds room; then it is killed, too.
	s.Await("a refusal that names the limit", func() bool {
		if now := s.front(); now != 0 && now != old {
			old = now
			_ = syscall.Kill(now, syscall.SIGKILL)
		}
		return strings.Contains(s.Text(), "the front door needs 17 processes and threads, and pids.max=64 leaves ")
	})
	if err := os.Remove(hungry); err != nil {
		t.Fatal(err)
	}
	s.killHog()
	s.Await("a front door", func() bool { now := s.front(); return now != 0 && now != old })
	if text := s.Text(); strings.Contains(text, "goroutine") {
		t.Errorf("got\n%s\nwant no crash of the runtime", text)
	}
	s.expectStop()
}

package tough

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"percore/e2e/proc"
	"percore/e2e/rig"
)

// TestAWorkerThatTheOOMKillerEndsIsToldSo has a worker without bounds in a memory cgroup with one.
func TestAWorkerThatTheOOMKillerEndsIsToldSo(t *testing.T) {
	group := rig.NewCgroup(t, "memory")
	group.Set("memory.limit_in_bytes", "memory.max", "64M")
	group.Set("", "memory.swap.max", "0")
	s := start(t, rig.Setup{
		Wrapper: group.Enter(), Args: []string{"sh", "-c", "exec tail /dev/zero"},
		Env: map[string]string{"PERCORE_MODE": "none", "PERCORE_READY": "none", "PERCORE_STARTRETRIES": "0", "PERCORE_STARTSECS": "60"},
	})
	if code := s.Wait(); code != 137 {
		t.Errorf("exit code: got %d, want 137", code)
	}
	ends := s.Lines("worker ended")
	if len(ends) != 1 || !strings.Contains(ends[0].Reason, "killed by SIGKILL") || !strings.Contains(ends[0].Reason, "out of memory") {
		t.Errorf("ends: got %+v, want one that names the memory", ends)
	}
}

// TestAKillIsNotBlamedOnTheMemory is the other side: a limit that nobody reached.
func TestAKillIsNotBlamedOnTheMemory(t *testing.T) {
	group := rig.NewCgroup(t, "memory")
	group.Set("memory.limit_in_bytes", "memory.max", "64M")
	s := start(t, rig.Setup{Wrapper: group.Enter()})
	s.AwaitAnswer()
	s.replaceWorker()
	s.expectStop()
	if ends := s.Lines("worker ended"); len(ends) == 0 || strings.Contains(ends[0].Reason, "memory") {
		t.Errorf("ends: got %+v, want a first one without a word of memory", ends)
	}
}

// hog is a worker that forks as often as the kernel lets it, while the file "hungry" exists in the directory $0.
const hog = `exec perl -e 'while (-e "$ARGV[0]/hungry") {
	$pid = fork;
	if (!defined $pid) { select undef, undef, undef, 0.02 } elsif (!$pid) { sleep 60; exit }
}
sleep 60' "$0"`

// TestWhenProcessesRunOutPercoreWaits lets one worker take all of pids.max, so that the other cannot be restarted,
// then gives them back. PID 1 and the front door must not need a thread that they do not have.
func TestWhenProcessesRunOutPercoreWaits(t *testing.T) {
	group := rig.NewCgroup(t, "pids")
	group.Set("pids.max", "pids.max", "64")
	dir := t.TempDir()
	hungry := filepath.Join(dir, "hungry")
	if err := os.WriteFile(hungry, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s := start(t, rig.Setup{
		Wrapper: group.Enter(),
		Args:    []string{"sh", "-c", `if [ {index} = 0 ]; then ` + hog + `; else sleep 0.3; exit 5; fi`, dir},
		Env: map[string]string{
			"PERCORE_READY": "none", "PERCORE_WORKERS": "2", "PERCORE_STARTRETRIES": "100", "PERCORE_ACCESS_LOG": "combined", "PERCORE_LOGLEVEL": "debug",
		},
	})
	s.Await("a start that is refused", func() bool { return len(s.Lines("worker not started")) > 1 })
	refused := s.Lines("worker not started")[0]
	t.Logf("refused: %q, next %q", refused.Reason, refused.Next)
	if !strings.Contains(refused.Reason, "pids.max") || !strings.HasPrefix(refused.Next, "backoff") {
		t.Errorf("refusal: got %+v, want one that names pids.max, and a back-off", refused)
	}
	if err := os.Remove(hungry); err != nil {
		t.Fatal(err)
	}
	taken := len(s.Lines("worker started"))
	s.killHog()
	s.Await("both workers to be started again", func() bool { return len(s.Lines("worker started")) >= taken+2 })
	s.expectStop()
}

// TestPercoreStopsWhileProcessesRunOut is the same, stopped in the middle.
func TestPercoreStopsWhileProcessesRunOut(t *testing.T) {
	group := rig.NewCgroup(t, "pids")
	group.Set("pids.max", "pids.max", "64")
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "hungry"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	reader, writer := pipe(t)
	_ = reader
	fill(t, writer)
	s := start(t, rig.Setup{
		Wrapper: group.Enter(), Stdout: writer, Args: []string{"sh", "-c", "echo out; echo err >&2; " + hog, dir},
		Env: map[string]string{"PERCORE_READY": "none", "PERCORE_ACCESS_LOG": "combined", "PERCORE_STOP_TIMEOUT": "3"},
	})
	s.Await("pids.max to be reached", func() bool { return group.Value("pids.current") == "64" })
	time.Sleep(200 * time.Millisecond) // let the hog take what comes free
	for range 20 {
		go s.Answers() // nobody answers; the front door has work all the same
	}
	s.expectStop()
}

// killHog kills the worker that took everything; its process group goes with it.
func (s *service) killHog() {
	s.Helper()
	for _, pid := range proc.Children(s.PID) {
		if proc.Status(pid)["Name"] == "perl" && len(proc.Children(pid)) > 0 {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

// TestAProgramThatIsBeingWrittenIsTriedAgain is ETXTBSY, as in the middle of a deployment.
func TestAProgramThatIsBeingWrittenIsTriedAgain(t *testing.T) {
	sleep, err := os.ReadFile("/bin/sleep")
	if err != nil {
		t.Skip("SKIPPED:", err)
	}
	program := filepath.Join(kit.Dir, "deployed")
	file, err := os.OpenFile(program, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.Write(sleep); err != nil {
		t.Fatal(err)
	}
	s := start(t, rig.Setup{Args: []string{program, "60"}, Env: map[string]string{"PERCORE_READY": "none", "PERCORE_STARTRETRIES": "10"}})
	s.Await("a start that is refused", func() bool { return len(s.Lines("worker not started")) > 0 })
	refused := s.Lines("worker not started")[0]
	if !strings.Contains(refused.Reason, "being written") || !strings.HasPrefix(refused.Next, "backoff") {
		t.Errorf("refusal: got %+v, want one that says why, and a back-off", refused)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	s.Await("the worker to be started", func() bool {
		for _, l := range s.Lines("worker ready") {
			if strings.Contains(l.Process, "deployed") {
				return true
			}
		}
		return false
	})
	s.expectStop()
}

package tough

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"percore/e2e/proc"
	"percore/e2e/rig"
)

// cgroup is a control group of our own with one controller.
type cgroup struct {
	t   *testing.T
	dir string
	v2  bool
}

// newCgroup makes one below this process's own, in whichever hierarchy has the controller.
func newCgroup(t *testing.T, controller string) cgroup {
	t.Helper()
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		t.Skip("SKIPPED: no cgroups:", err)
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		g := cgroup{t: t, dir: filepath.Join("/sys/fs/cgroup", controller, fields[2], fmt.Sprintf("percore-tough-%d", os.Getpid()))}
		switch {
		case fields[1] == controller:
		case fields[1] == "" && strings.Contains(controllersOf("/sys/fs/cgroup"+fields[2]), controller):
			g.v2, g.dir = true, filepath.Join("/sys/fs/cgroup", fields[2], filepath.Base(g.dir))
		default:
			continue
		}
		if err := os.Mkdir(g.dir, 0o755); err != nil {
			t.Skipf("SKIPPED: a %s cgroup of our own: %v", controller, err)
		}
		t.Cleanup(g.remove)
		return g
	}
	t.Skipf("SKIPPED: no %s controller here", controller)
	return cgroup{}
}

func controllersOf(dir string) string {
	text, _ := os.ReadFile(dir + "/cgroup.subtree_control")
	return string(text)
}

// set writes the file that has name v1 or v2 in its generation; without a name it is left out.
func (g cgroup) set(v1, v2, value string) {
	g.t.Helper()
	name := v1
	if g.v2 {
		name = v2
	}
	if name == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(g.dir, name), []byte(value), 0); err != nil {
		g.t.Skipf("SKIPPED: set %s of a cgroup: %v", name, err)
	}
}

// enter is a wrapper that puts percore into the group.
func (g cgroup) enter() []string {
	return []string{"sh", "-c", `echo 0 >"$1/cgroup.procs" && shift && exec "$@"`, "sh", g.dir}
}

// remove waits for the last process to be gone.
func (g cgroup) remove() {
	for deadline := time.Now().Add(rig.Patience); ; time.Sleep(10 * time.Millisecond) {
		err := os.Remove(g.dir)
		if err == nil || !errors.Is(err, syscall.EBUSY) || time.Now().After(deadline) {
			if err != nil {
				g.t.Error(err)
			}
			return
		}
	}
}

// TestAWorkerThatTheOOMKillerEndsIsToldSo has a worker without bounds in a memory cgroup with one.
func TestAWorkerThatTheOOMKillerEndsIsToldSo(t *testing.T) {
	group := newCgroup(t, "memory")
	group.set("memory.limit_in_bytes", "memory.max", "64M")
	group.set("", "memory.swap.max", "0")
	s := start(t, rig.Setup{
		Wrapper: group.enter(), Args: []string{"sh", "-c", "exec tail /dev/zero"},
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
	group := newCgroup(t, "memory")
	group.set("memory.limit_in_bytes", "memory.max", "64M")
	s := start(t, rig.Setup{Wrapper: group.enter()})
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
	group := newCgroup(t, "pids")
	group.set("pids.max", "pids.max", "64")
	dir := t.TempDir()
	hungry := filepath.Join(dir, "hungry")
	if err := os.WriteFile(hungry, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s := start(t, rig.Setup{
		Wrapper: group.enter(),
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
	group := newCgroup(t, "pids")
	group.set("pids.max", "pids.max", "64")
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "hungry"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	reader, writer := pipe(t)
	_ = reader
	fill(t, writer)
	s := start(t, rig.Setup{
		Wrapper: group.enter(), Stdout: writer, Args: []string{"sh", "-c", "echo out; echo err >&2; " + hog, dir},
		Env: map[string]string{"PERCORE_READY": "none", "PERCORE_ACCESS_LOG": "combined", "PERCORE_STOP_TIMEOUT": "3"},
	})
	s.Await("pids.max to be reached", func() bool { return group.full("64") })
	time.Sleep(200 * time.Millisecond) // let the hog take what comes free
	for range 20 {
		go s.Answers() // nobody answers; the front door has work all the same
	}
	s.expectStop()
}

// full says whether a pids group has as many processes as it may.
func (g cgroup) full(limit string) bool {
	text, _ := os.ReadFile(filepath.Join(g.dir, "pids.current"))
	return strings.TrimSpace(string(text)) == limit
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

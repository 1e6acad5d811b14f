package single

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// A job of the child's, in a process group of its own, is stopped with the tree and has to go on with it. The job starts
// nothing: a shell whose child is stopped between vfork and execve waits for it in the kernel, and does not stop itself.
func TestATreeThatWasStoppedGoesOnAsAWhole(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("SKIPPED: no shell here has jobs without a terminal")
	}
	r := begin(t, wish{Tree: true, Pdeathsig: int(syscall.SIGKILL)}, "bash", "-c", `set -m
sh -c 'echo up; exec sleep 600' & set +m; echo $!; while :; do sleep 0.01; done`)
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // percore stops with all its group
	lines := []string{r.start().line(), r.line()}
	slices.Sort(lines) // digits come first
	job, err := strconv.Atoi(lines[0])
	if err != nil {
		t.Fatal(err)
	}
	r.signal(syscall.SIGTSTP)
	eventually(t, "the child and its job are stopped", func() bool {
		parent, state := parentAndState(t, job)
		_, parents := parentAndState(t, parent)
		return state == "T" && parents == "T"
	})
	eventually(t, "percore stops as well", func() bool {
		_, state := parentAndState(t, r.cmd.Process.Pid)
		return state == "T"
	})
	r.signal(syscall.SIGCONT)
	eventually(t, "the job goes on", func() bool {
		_, state := parentAndState(t, job)
		return state != "T"
	})
	r.signal(syscall.SIGTERM)
	if _, code := r.end(); code != 143 {
		t.Errorf("got code %d, want 143", code)
	}
}

// The child takes a moment to stop when it is asked to. Percore, which is stopped itself then, hears of that and of
// the CONT at once.
func TestAChildThatIsContinuedAsItStopsGoesOn(t *testing.T) {
	r := begin(t, wish{Pdeathsig: int(syscall.SIGKILL)},
		`trap 'echo asked; sleep 0.2; trap - TSTP; kill -TSTP $$' TSTP; echo $$; while :; do sleep 0.01; done`)
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // percore stops with all its group
	child, err := strconv.Atoi(r.start().line())
	if err != nil {
		t.Fatal(err)
	}
	r.signal(syscall.SIGTSTP)
	if got := r.line(); got != "asked" {
		t.Fatalf("got %q, want asked", got)
	}
	r.signal(syscall.SIGSTOP)
	stopped := func() bool { _, state := parentAndState(t, child); return state == "T" }
	eventually(t, "the child is stopped", stopped)
	r.signal(syscall.SIGCONT)
	eventually(t, "the child goes on", func() bool { return !stopped() })
	r.signal(syscall.SIGTERM)
	if _, code := r.end(); code != 143 {
		t.Errorf("got code %d, want 143", code)
	}
}

// parentAndState reads /proc/PID/stat of a process whose name has no space.
func parentAndState(t *testing.T, pid int) (parent int, state string) {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(text))
	parent, err = strconv.Atoi(fields[3])
	if err != nil {
		t.Fatal(err)
	}
	return parent, fields[2]
}

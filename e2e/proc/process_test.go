package proc

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// noProcess is beyond the highest pid that a kernel gives.
const noProcess = 1 << 30

// patience is how long anything may take on a busy machine.
const patience = 30 * time.Second

func await(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for %s", patience, what)
		}
	}
}

// startFamily starts a shell with one child, of which nothing is left when the test is over.
func startFamily(t *testing.T) (shell, child int) {
	t.Helper()
	command := exec.Command("sh", "-c", `sleep "$1" & wait`, "sh", "60")
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	shell = command.Process.Pid
	t.Cleanup(func() {
		for _, p := range ReadAll(Family(shell)) {
			if process, err := os.FindProcess(p.PID); err == nil && p.Lives() {
				_ = process.Kill()
			}
		}
		_ = command.Wait()
	})
	await(t, "the shell's child to be sleep", func() bool {
		children := Children(shell)
		return len(children) == 1 && CommandLine(children[0]) == "sleep 60"
	})
	return shell, Children(shell)[0]
}

func TestAFamilyIsAProcessAndAllBelowIt(t *testing.T) {
	shell, child := startFamily(t)
	if got, want := Family(shell), []int{shell, child}; !slices.Equal(got, want) {
		t.Errorf("family: got %v, want %v", got, want)
	}
	if got := Family(os.Getpid()); got[0] != os.Getpid() || slices.Index(got, shell) > slices.Index(got, child) {
		t.Errorf("family of this test: got %v, want %d first, and %d before its child %d", got, os.Getpid(), shell, child)
	}
	family := ReadAll([]int{shell, noProcess, child})
	if len(family) != 2 || family[1].Stat.PPID != shell || family[1].Argument(0) != "sleep" || family[1].Argument(9) != "" {
		t.Errorf("read: got %v, want the two that are there, with parents and arguments", family)
	}
}

func TestAProcessIsReadWhole(t *testing.T) {
	p, err := Read(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if p.PID != os.Getpid() || p.Inside != os.Getpid() || p.UID() != fmt.Sprint(os.Geteuid()) || !slices.Equal(p.Args, os.Args) {
		t.Errorf("got %v, want this process", p)
	}
	if text := p.String(); !strings.Contains(text, p.Command()) || !strings.HasPrefix(text, fmt.Sprint(p.Inside)) {
		t.Errorf("in words: got %q, want its pid and its command", text)
	}
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if got := Executable(p.PID); got != own {
		t.Errorf("executable: got %q, want %q", got, own)
	}
	if !slices.Contains(Executing(own), p.PID) {
		t.Errorf("processes of %s: got %v, want %d among them", own, Executing(own), p.PID)
	}
	beside := In(Namespace(p.PID))
	if !slices.ContainsFunc(beside, func(q Process) bool { return q.PID == p.PID && q.Lives() }) {
		t.Errorf("namespace: got %v, want this process in it", beside)
	}
}

func TestAProcessThatIsGoneIsNothing(t *testing.T) {
	if _, err := Read(noProcess); err == nil {
		t.Error("read: got no error, want one")
	}
	if got := Family(noProcess); len(got) != 1 {
		t.Errorf("family: got %v, want nothing below it", got)
	}
	if CommandLine(noProcess) != "" || Executable(noProcess) != "" || Namespace(noProcess) != "" {
		t.Error("got something about no process")
	}
}

// TestADeadProcessLivesUntilItIsReaped: a zombie has its pid still.
func TestADeadProcessLivesUntilItIsReaped(t *testing.T) {
	command := exec.Command("true")
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	pid := command.Process.Pid
	await(t, "a zombie", func() bool { return State(pid) == "Z" })
	p, err := Read(pid)
	if err != nil || p.Args != nil || !p.Lives() {
		t.Errorf("zombie: got %v and %v, want it, without arguments", p, err)
	}
	if err := command.Wait(); err != nil {
		t.Fatal(err)
	}
	if p.Lives() {
		t.Error("got it alive after it was reaped")
	}
	other := p
	other.PID = os.Getpid()
	if other.Lives() {
		t.Error("got another process taken for it, which has its pid")
	}
}

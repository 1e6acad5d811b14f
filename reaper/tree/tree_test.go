package tree

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// rest is what follows the parent in /proc/PID/stat, up to starttime.
const rest = " 7 7 0 -1 4194304 90 0 0 0 0 0 0 0 20 0 1 0 815"

func TestStatIsReadWhateverTheName(t *testing.T) {
	tests := []struct {
		name, text string
		want       Process
		ok         bool
	}{
		{"an ordinary one", "7 (sleep) S 3" + rest, Process{PID: 7, Parent: 3, Group: 7, Name: "sleep", started: 815}, true},
		{"spaces and parentheses in it", "7 (a) R 9 (b) S 3" + rest, Process{PID: 7, Parent: 3, Group: 7, Name: "a) R 9 (b", started: 815}, true},
		{"what a terminal obeys", "7 (a\x1b[2J\n) S 3" + rest, Process{PID: 7, Parent: 3, Group: 7, Name: "a?[2J?", started: 815}, true},
		{"an empty name", "7 () S 3" + rest, Process{PID: 7, Parent: 3, Group: 7, started: 815}, true},
		{"one that is stopped", "7 (sh) T 3" + rest, Process{PID: 7, Parent: 3, Group: 7, Name: "sh", stopped: true, started: 815}, true},
		{"one under a debugger", "7 (sh) t 3" + rest, Process{PID: 7, Parent: 3, Group: 7, Name: "sh", started: 815}, true},
		{"a zombie", "7 (sh) Z 3" + rest, Process{PID: 7, Parent: 3, Group: 7, Name: "sh", zombie: true, started: 815}, true},
		{
			"a main thread that has ended before others",
			"7 (py) Z 3" + strings.Replace(rest, " 1 0 815", " 2 0 815", 1),
			Process{PID: 7, Parent: 3, Group: 7, Name: "py", started: 815},
			true,
		},
		{"one that is just going", "7 (sh) X 0" + rest, Process{PID: 7, Group: 7, Name: "sh", zombie: true, started: 815}, true},
		{"no parent", "7 (sh) S", Process{}, false},
		{"a parent that is no number", "7 (sh) S x" + rest, Process{}, false},
		{"a process group that is no number", "7 (sh) S 3 x" + strings.TrimPrefix(rest, " 7"), Process{}, false},
		{"no start time", "7 (sh) S 3 7 7 0", Process{}, false},
		{"a start time that is no number", "7 (sh) S 3" + strings.TrimSuffix(rest, "815") + "x", Process{}, false},
		{"no parentheses", "7 sh S 3 7", Process{}, false},
		{"parentheses the wrong way round", "7 )sh( S 3 7", Process{}, false},
		{"nothing", "", Process{}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := parseStat(7, []byte(tt.text))
			if ok != tt.ok || ok && got != tt.want {
				t.Errorf("parseStat: got %+v and %v, want %+v and %v", got, ok, tt.want, tt.ok)
			}
		})
	}
}

func TestProcessesOfAnOddProc(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"1": "1 (init) S 0" + rest, "20": "20 (x) S 1" + rest, "self": "1 (init) S 0" + rest, "30": "garbage"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name, "stat"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "40"), 0o755); err != nil { // ended meanwhile
		t.Fatal(err)
	}
	if got := processes(dir); len(got) != 2 {
		t.Errorf("processes: got %+v, want 1 and 20", got)
	}
	if got := processes("/no/such/proc"); got != nil {
		t.Errorf("without /proc: got %+v, want none", got)
	}
}

func TestATreeIsSignalledOnceAndWhole(t *testing.T) {
	cmd := exec.Command("/bin/sh", "-c", `sleep 60 & setsid sleep 60 & echo ready; wait`)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 6)); err != nil {
		t.Fatal(err)
	}
	root := cmd.Process.Pid
	for deadline := time.Now().Add(10 * time.Second); sleepers(root) != 2; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("sleepers: got %d, want 2", sleepers(root))
		}
	}
	sent := 0
	Signal(root, syscall.SIGTERM, func(err error) {
		if err == nil {
			sent++
		}
	})
	if sent != 2 {
		t.Errorf("signalled: got %d, want 2, without the root", sent)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the root: got %v, want it to end by itself", err)
	}
	if got := Descendants(root); len(got) != 0 {
		t.Errorf("descendants of what is gone: got %+v, want none", got)
	}
}

func TestANumberThatWasGivenAwayGetsNothing(t *testing.T) {
	cmd := exec.Command("/bin/sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	now, ok := read("/proc", cmd.Process.Pid)
	if !ok || now.started == 0 {
		t.Fatalf("read: got %+v and %v, want a process with a start time", now, ok)
	}
	earlier := now
	earlier.started--
	if err := earlier.Signal(syscall.SIGKILL); err != syscall.ESRCH {
		t.Errorf("signal to an earlier owner of the number: got %v, want ESRCH", err)
	}
	if err := now.Signal(0); err != nil {
		t.Errorf("signal 0 to its owner: got %v, want success", err)
	}
	if err := now.Signal(syscall.SIGTERM); err != nil {
		t.Errorf("TERM to its owner: got %v, want success", err)
	}
	if err := cmd.Wait(); err == nil || cmd.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGTERM {
		t.Errorf("the process: got %v, want it ended by TERM", err)
	}
	if err := now.Signal(syscall.SIGTERM); err != syscall.ESRCH {
		t.Errorf("signal to what is gone: got %v, want ESRCH", err)
	}
}

func sleepers(root int) int {
	n := 0
	for _, p := range Descendants(root) {
		if p.Name == "sleep" {
			n++
		}
	}
	return n
}

func TestResidentMemoryIsThatOfTheWholeTree(t *testing.T) {
	proc := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(proc, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(proc, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("10/statm", "500 100 20 1 0 60 0\n")
	write("10/task/10/children", "11 ")
	write("10/task/12/children", "13 14 ")
	write("11/statm", "500 30 20 1 0 60 0\n")
	write("13/statm", "500 4 20 1 0 60 0\n") // 14 has gone meanwhile
	if got, want := resident(proc, 10), int64(134*os.Getpagesize()); got != want {
		t.Errorf("got %d bytes, want %d", got, want)
	}
	if got := Resident(os.Getpid()); got < 1<<20 {
		t.Errorf("this process: got %d bytes, want more than a MiB", got)
	}
	if got := resident(proc, 99); got != 0 {
		t.Errorf("nobody: got %d bytes, want none", got)
	}
}

func TestWhoDescendsFromWhomAndWhoseItIs(t *testing.T) {
	command := exec.Command("sh", "-c", "sleep 60 & echo $!; wait")
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = command.Process.Kill(); _ = command.Wait() }()
	var sleeper int
	if _, err := fmt.Fscan(out, &sleeper); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Kill(sleeper, syscall.SIGKILL) }()
	self, shell := os.Getpid(), command.Process.Pid
	for _, c := range []struct {
		pid, root int
		want      bool
	}{
		{shell, self, true}, {sleeper, self, true}, {sleeper, shell, true}, {self, shell, false}, {shell, sleeper, false}, {self, self, false}, {1, self, false}, {1 << 30, self, false},
	} {
		if got := Descends(c.pid, c.root); got != c.want {
			t.Errorf("%d descends from %d: got %t, want %t", c.pid, c.root, got, c.want)
		}
	}
	if uid, known := User(sleeper); uid != os.Getuid() || !known {
		t.Errorf("user of the sleeper: got %d (%t), want %d", uid, known, os.Getuid())
	}
	if _, known := User(1 << 30); known {
		t.Error("user of nobody: got one")
	}
}

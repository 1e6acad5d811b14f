package tree

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"
)

// patience is for machines that are busy with something else.
const patience = 20 * time.Second

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not so within %v: %s", patience, what)
		}
	}
}

// start runs a shell's line, which is over when the test is; it is told to go on by its standard input.
func start(t *testing.T, line string) (command *exec.Cmd, in io.WriteCloser) {
	t.Helper()
	command = exec.Command("sh", "-c", line)
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = command.Process.Kill(); _ = command.Wait() })
	return command, in
}

func pids(list []Process) (pids []int) {
	for _, p := range list {
		pids = append(pids, p.PID)
	}
	return pids
}

func TestEachAsksUntilThereIsNoNewOne(t *testing.T) {
	one, two, three := Process{PID: 1, started: 10}, Process{PID: 2, started: 20}, Process{PID: 3, started: 30}
	again := Process{PID: 1, started: 40} // another process with a number that was freed
	for name, c := range map[string]struct {
		lists [][]Process
		done  map[Life]bool
		want  []Process
		asked int
	}{
		"nothing":                       {[][]Process{nil}, nil, nil, 1},
		"the same twice":                {[][]Process{{one, two}, {one, two}}, nil, []Process{one, two}, 2},
		"one that was forked meanwhile": {[][]Process{{one}, {one, two}, {two, three}, {three}}, nil, []Process{one, two, three}, 4},
		"a number that was given away":  {[][]Process{{one}, {again}, {again}}, nil, []Process{one, again}, 3},
		"what was done before":          {[][]Process{{one, two}, {two}}, map[Life]bool{one.Life(): true}, []Process{two}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			asked, done := 0, map[Life]bool{}
			for life := range c.done {
				done[life] = true
			}
			var got []Process
			Each(func() []Process { asked++; return c.lists[asked-1] }, done, func(p Process) { got = append(got, p) })
			if !slices.Equal(got, c.want) || asked != c.asked {
				t.Errorf("got %+v after %d lists, want %+v after %d", got, asked, c.want, c.asked)
			}
		})
	}
}

func TestEachGivesUpOnWhatForksFasterThanItLooks(t *testing.T) {
	next, did := 0, 0
	Each(func() []Process { next++; return []Process{{PID: next}} }, map[Life]bool{}, func(Process) { did++ })
	if did != passes {
		t.Errorf("got %d processes, want one for each of %d passes", did, passes)
	}
}

func TestALifeIsThatOfOneProcess(t *testing.T) {
	command, in := start(t, "read x")
	now, ok := read("/proc", command.Process.Pid)
	if !ok || !now.Life().Lives() {
		t.Fatalf("got %+v and %v, want a process that lives", now, ok)
	}
	before := now
	before.started--
	if before.Life().Lives() || before.Life() == now.Life() {
		t.Error("an earlier owner of the number: got it alive")
	}
	in.Close()
	waitFor(t, "it is a zombie", func() bool { p, _ := read("/proc", now.PID); return p.zombie })
	if now.Life().Lives() {
		t.Error("a zombie: got it alive")
	}
	if list, known := Below(os.Getpid()); !known || !slices.Contains(pids(list), now.PID) {
		t.Errorf("below: got %v (%v), want the zombie in it", pids(list), known)
	}
	if list := Descendants(os.Getpid()); slices.Contains(pids(list), now.PID) {
		t.Errorf("descendants: got %v, want no zombie", pids(list))
	}
	if list := Children(); slices.Contains(pids(list), now.PID) {
		t.Errorf("children: got %v, want no zombie", pids(list))
	}
	if ids := ChildIDs(); len(ids) > 0 && !slices.Contains(ids, now.PID) {
		t.Errorf("child ids: got %v, want the zombie in it", ids)
	}
}

func TestParentsComeFirst(t *testing.T) {
	command, _ := start(t, "sh -c 'sleep 60 & sleep 60 & wait' & wait")
	root := command.Process.Pid
	defer Signal(root, syscall.SIGKILL, func(error) {})
	waitFor(t, "the grandchildren are there", func() bool { return sleepers(root) == 2 })
	seen := map[int]bool{root: true}
	for _, p := range Descendants(root) {
		if !seen[p.Parent] {
			t.Errorf("%d (%s) came before its parent %d", p.PID, p.Name, p.Parent)
		}
		seen[p.PID] = true
	}
}

func TestEveryChildIsListed(t *testing.T) {
	if _, err := os.Stat(fmt.Sprintf("/proc/self/task/%d/children", os.Getpid())); err != nil {
		t.Skip("SKIPPED: the kernel does not tell of children (CONFIG_PROC_CHILDREN)")
	}
	var started []int
	for range 3 {
		command, in := start(t, "read x")
		defer in.Close()
		started = append(started, command.Process.Pid)
	}
	ids := ChildIDs()
	for _, pid := range started {
		if !slices.Contains(ids, pid) {
			t.Errorf("got %v, want %d in it", ids, pid)
		}
	}
	if got, want := len(Children()), 3; got < want {
		t.Errorf("got %d live children, want %d", got, want)
	}
}

func TestAProcessThatIsStoppedShows(t *testing.T) {
	command, in := start(t, "read x")
	defer in.Close()
	pid := command.Process.Pid
	if Stopped(pid) {
		t.Error("got it stopped before")
	}
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "it is stopped", func() bool { return Stopped(pid) })
	if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "it goes on", func() bool { return !Stopped(pid) })
	if Stopped(1 << 30) {
		t.Error("a number that no process has: got it stopped")
	}
}

func TestNamesAreMadeFitForATerminal(t *testing.T) {
	for name, want := range map[string]string{
		"python3": "python3", "größer 世界": "größer 世界", "a\tb\nc": "a?b?c", "\x1b]0;owned\a": "?]0;owned?", "a\u202eb": "a?b", "": "",
	} {
		if got := Printable(name); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

func TestOnlyPIDOneSignalsBlindly(t *testing.T) {
	complained := false
	if signalBlindly(os.Getpid(), 0, func(error) { complained = true }) || signalBlindly(1, 0, func(error) { complained = true }) || complained {
		t.Error("got every process signalled, want nothing done")
	}
}

package self_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"percore/entrypoint/self"
)

// TestMain is also a process that hides its memory, or says who it is, for tests that look at it from outside.
func TestMain(m *testing.M) {
	if len(os.Args) < 2 {
		os.Exit(m.Run())
	}
	switch os.Args[1] {
	case "hide":
		if err := self.HideMemory(); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("hidden")
		_, _ = os.Stdin.Read(make([]byte, 1)) // until the test has looked
	case "name":
		fmt.Print(self.Name())
	default:
		os.Exit(m.Run())
	}
}

func TestTheBinaryIsItselfInAnotherRole(t *testing.T) {
	out, err := exec.Command(self.Exe, "name").Output()
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if string(out) != want || self.Name() != want {
		t.Errorf("got %s and %s, want %s", out, self.Name(), want)
	}
}

func TestHiddenMemoryIsRootsToSee(t *testing.T) {
	command := exec.Command(self.Exe, "hide")
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { in.Close(); _ = command.Wait() }()
	line := make([]byte, 7)
	if n, err := out.Read(line); string(line[:n]) != "hidden\n"[:n] || n == 0 {
		t.Fatalf("got %q and %v", line[:n], err)
	}
	// Files of a process that cannot be dumped belong to root (man 5 proc).
	info, err := os.Stat(fmt.Sprintf("/proc/%d/maps", command.Process.Pid))
	if err != nil {
		t.Skip("SKIPPED: no /proc:", err)
	}
	if uid := info.Sys().(*syscall.Stat_t).Uid; uid != 0 {
		t.Errorf("its maps belong to uid %d, want root", uid)
	}
	if _, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", command.Process.Pid)); os.Getuid() != 0 && !errors.Is(err, os.ErrPermission) {
		t.Errorf("its descriptors: got %v, want that they are not ours to see", err)
	}
}

func TestAVariableIsTheFirstOfItsName(t *testing.T) {
	in := self.Invocation{Environ: []string{"PATHX=no", "PATH=/bin:/sbin", "PATH=/other", "EMPTY=", "EQUAL=a=b", "=odd", "none"}}
	for name, want := range map[string]string{"PATH": "/bin:/sbin", "EMPTY": "", "EQUAL": "a=b", "PAT": "", "none": "", "missing": ""} {
		if got := in.Variable(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if got := (self.Invocation{}).Variable("PATH"); got != "" {
		t.Errorf("without an environment: got %q, want none", got)
	}
}

func TestTheCodeOfAWordThatHasPrinted(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		code   int
		stderr string
	}{
		"all was taken":       {},
		"the reader has gone": {err: &os.PathError{Op: "write", Path: "/dev/stdout", Err: syscall.EPIPE}},
		"the disk is full": {
			err: &os.PathError{Op: "write", Path: "/dev/stdout", Err: syscall.ENOSPC}, code: 70,
			stderr: "percore: write /dev/stdout: no space left on device\n",
		},
		"something else is wrong": {err: errors.New("no such luck"), code: 70, stderr: "percore: no such luck\n"},
	} {
		var stderr bytes.Buffer
		if code := (self.Invocation{Stderr: &stderr}).Wrote(3, c.err); code != c.code || stderr.String() != c.stderr {
			t.Errorf("%s: got code %d and %q, want %d and %q", name, code, stderr.String(), c.code, c.stderr)
		}
	}
}

func TestARefusalHasTheCodeOfAConfiguration(t *testing.T) {
	for _, wrong := range []any{errors.New("no command"), "no command"} {
		var stderr bytes.Buffer
		if code := (self.Invocation{Stderr: &stderr}).Refuse(wrong); code != 2 || stderr.String() != "percore: no command\n" {
			t.Errorf("got code %d and %q", code, stderr.String())
		}
	}
}

func TestThreadsAreCounted(t *testing.T) {
	before := self.Threads()
	self.ReserveThreads(before + 4)
	if got := self.Threads(); before < 1 || got < before+4 {
		t.Errorf("got %d after %d, want at least %d", got, before, before+4)
	}
}

// What PID 1 and the front door reserve is what they need at once, and one more that reads early signals for PID 1.
func TestWhatIsReservedIsThereAtOnce(t *testing.T) {
	self.StayModest()
	if got := self.Threads(); got < self.ThreadsReserved+1 {
		t.Errorf("got %d threads, want %d at least", got, self.ThreadsReserved+1)
	}
}

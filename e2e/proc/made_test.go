package proc

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// made is a file with a text.
func made(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFieldsAreReadByTheirNames(t *testing.T) {
	fields := readFields(made(t, "status", "Name:\tsh\nUid:\t33\t34\t35\t36\nVmRSS:\t  4608 kB\nSigCgt:\t0000000000004002\nEmpty:\nno field\nTime:\t12:30\n"))
	for name, want := range map[string]string{"Name": "sh", "VmRSS": "4608 kB", "Empty": "", "Time": "12:30", "no field": "", "None": ""} {
		if got := fields[name]; got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if len(fields) != 6 {
		t.Errorf("got %d fields, want 6: a line without a colon is none", len(fields))
	}
	for i, want := range []string{"33", "34", "35", "36", ""} {
		if got := fields.word("Uid", i); got != want {
			t.Errorf("word %d of Uid: got %q, want %q", i, got, want)
		}
	}
	for name, want := range map[string]int{"VmRSS": 4608, "Uid": 33, "Name": 0, "Empty": 0, "None": 0} {
		if got := fields.Number(name); got != want {
			t.Errorf("number of %s: got %d, want %d", name, got, want)
		}
	}
}

func TestASignalIsABitOfItsField(t *testing.T) {
	fields := Fields{"SigCgt": "0000000000004002", "SigIgn": "8000000000000000", "SigBlk": "odd"}
	for _, c := range []struct {
		field  string
		signal syscall.Signal
		want   bool
	}{
		{"SigCgt", syscall.SIGINT, true},
		{"SigCgt", syscall.SIGTERM, true},
		{"SigCgt", syscall.SIGHUP, false},
		{"SigIgn", 64, true},
		{"SigIgn", 63, false},
		{"SigBlk", syscall.SIGHUP, false},
		{"SigPnd", syscall.SIGHUP, false},
	} {
		if got := fields.Has(c.field, c.signal); got != c.want {
			t.Errorf("%v in %s: got %v, want %v", c.signal, c.field, got, c.want)
		}
	}
}

func TestUsagesAreAddedAndSubtracted(t *testing.T) {
	a, b := Usage{CPU: 5 * time.Millisecond, User: 7, Sys: 2}, Usage{CPU: time.Millisecond, User: 3, Sys: 2}
	if got, want := a.Plus(b), (Usage{6 * time.Millisecond, 10, 4}); got != want {
		t.Errorf("sum: got %+v, want %+v", got, want)
	}
	if got, want := a.Minus(b), (Usage{4 * time.Millisecond, 4, 0}); got != want {
		t.Errorf("difference: got %+v, want %+v", got, want)
	}
	if got := a.Plus(b).Minus(b); got != a {
		t.Errorf("there and back: got %+v, want %+v", got, a)
	}
}

func TestAThreadIsReadFromItsFolder(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := readThread(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("one that has ended: got %v, want %v", err, fs.ErrNotExist)
	}
	write("schedstat", "2500000 10 3\n")
	if _, err := readThread(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("one that ends meanwhile: got %v, want %v", err, fs.ErrNotExist)
	}
	write("stat", "12 (a b) S 7 4 4 0 -1 4194304 100 0 0 0 31 42 0 0 20 0 1 0 5150 2449408 200\n")
	if got, err := readThread(dir); err != nil || got != (Usage{2500 * time.Microsecond, 31, 42}) {
		t.Errorf("got %+v and %v, want 2.5 ms and its ticks", got, err)
	}
	write("schedstat", "none\n")
	if _, err := readThread(dir); err == nil {
		t.Error("a schedstat that is none: got no error")
	}
}

// TestAProcessThatHasMovedOnIsKnownByWhatItExecutes: one that has become another has its pid and its start still.
func TestAProcessThatHasMovedOnIsKnownByWhatItExecutes(t *testing.T) {
	command := exec.Command("sh", "-c", "read x; exec sleep 600")
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = command.Process.Kill(); _ = command.Wait() }()
	pid := command.Process.Pid
	await(t, "the shell", func() bool { return strings.HasPrefix(CommandLine(pid), "sh -c ") })
	before, err := Read(pid)
	if err != nil {
		t.Fatal(err)
	}
	shell := Executable(pid)
	in.Close()
	await(t, "sleep", func() bool { return CommandLine(pid) == "sleep 600" })
	after, err := Read(pid)
	if err != nil {
		t.Fatal(err)
	}
	if !before.Lives() || after.Stat.Started != before.Stat.Started || after.Status["Name"] != "sleep" {
		t.Errorf("got %v after %v, want the same process, which is sleep by now", after, before)
	}
	if slices.Contains(Executing(shell), pid) || !slices.Contains(Executing(Executable(pid)), pid) {
		t.Errorf("got it among those that execute %s: %v, want it with %s", shell, Executing(shell), Executable(pid))
	}
	if got := Children(os.Getpid()); !slices.Contains(got, pid) {
		t.Errorf("children of this process: got %v, want %d among them", got, pid)
	}
}

// TestAStoppedProcessIsNotRunning, and is read as any other.
func TestAStoppedProcessIsNotRunning(t *testing.T) {
	_, child := startFamily(t)
	if err := syscall.Kill(child, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	await(t, "it is stopped", func() bool { return State(child) == "T" })
	p, err := Read(child)
	if err != nil || p.Stat.State != "T" || !p.Lives() || p.Command() != "sleep 60" {
		t.Errorf("got %v and %v, want it stopped, and all of it", p, err)
	}
	if err := syscall.Kill(child, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	await(t, "it goes on", func() bool { return State(child) != "T" })
}

func TestSumsLeaveOutWhatIsGoneOrSayIt(t *testing.T) {
	own := os.Getpid()
	one, err := ReadRSS([]int{own})
	if err != nil {
		t.Fatal(err)
	}
	two, err := ReadRSS([]int{own, own})
	if err != nil || two < one {
		t.Errorf("memory of two: got %d and %v, want more than %d of one", two, err, one)
	}
	if _, err := ReadRSS([]int{own, noProcess}); err == nil {
		t.Error("memory with one that is gone: got no error")
	}
	if _, err := ReadUsage([]int{own, noProcess}); err == nil {
		t.Error("usage with one that is gone: got no error")
	}
	if usage, err := ReadUsage(nil); err != nil || usage != (Usage{}) {
		t.Errorf("usage of none: got %+v and %v, want nothing", usage, err)
	}
	rss, pss := Memory([]int{noProcess})
	if rss != 0 || pss != 0 || Switches() != 0 || len(ThreadStatuses(noProcess)) != 0 {
		t.Errorf("got %d and %d KiB of no process, want none", rss, pss)
	}
	if got := len(ThreadStatuses(own)); got < 2 {
		t.Errorf("threads of this process: got %d, want several", got)
	}
	if Resident(noProcess) != 0 || Holds(noProcess, "1") || Children(noProcess) != nil {
		t.Error("got something of no process")
	}
}

func TestARowOfTheTableOfSockets(t *testing.T) {
	const rest = " 00:00000000 00000000     0        0 77 1 0000000000000000\n"
	for name, c := range map[string]struct {
		row  string
		want []Socket
	}{
		"one that listens, with a queue of connections": {
			"0: 00000000:0050 00000000:0000 0A 00000003:00000002" + rest, []Socket{{Port: 80, Listening: true, Inode: "77"}},
		},
		"one that connects": {
			"0: 0100007F:FFFF 0100007F:1F40 02 00000001:00000000" + rest, []Socket{{Port: 65535, Peer: 8000, Unsent: 1, Inode: "77"}},
		},
		"one that has ended and has bytes that were not read": {
			"0: 0100007F:1F40 0100007F:FFFE 08 00000000:0000FFFF" + rest, []Socket{{Port: 8000, Peer: 65534, Unread: 65535, Inode: "77"}},
		},
		"queues that are none": {
			"0: 0100007F:1F40 0100007F:0001 01 x" + rest, []Socket{{Port: 8000, Peer: 1, Established: true, Inode: "77"}},
		},
		"a port that is none": {"0: 0100007F:XXXX 0100007F:0001 01 00000000:00000000" + rest, nil},
		"no colon":            {"0: 0100007F 0100007F:0001 01 00000000:00000000" + rest, nil},
		"too few fields":      {"0: 0100007F:1F40 0100007F:0001 01 00000000:00000000\n", nil},
	} {
		if got := parseSockets(c.row); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
	if Holds(os.Getpid(), "none") {
		t.Error("a socket that is none: got it among the descriptors of this process")
	}
	if got := Established(0); got != 0 {
		t.Errorf("connections to port 0: got %d, want none", got)
	}
}

func TestAnEmptyArgumentIsOne(t *testing.T) {
	command := exec.Command("sh", "-c", "read x", "", "last")
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = command.Process.Kill(); _ = command.Wait() }()
	await(t, "the shell", func() bool { return strings.HasPrefix(CommandLine(command.Process.Pid), "sh ") })
	if p, err := Read(command.Process.Pid); err != nil || len(p.Args) != 5 || p.Argument(3) != "" || p.Argument(4) != "last" {
		t.Errorf("got %q and %v, want five words, the fourth empty", p.Args, err)
	}
}

package reaper_test

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"percore/reaper"
)

// patience bounds every wait in these tests; it is only ever used up by a failure.
const patience = 20 * time.Second

// TestMain is also the child: a real fork runs the test binary again with a first word of "child:parent".
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "child:parent" {
		becomeParent()
		return
	}
	if len(os.Args) > 2 && os.Args[1] == "child:exec" {
		becomeCommand(os.Args[2:])
	}
	code := m.Run()
	if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); err != syscall.ECHILD {
		fmt.Printf("children left after the tests: got pid %d, error %v; want ECHILD\n", pid, err)
		code = 1
	}
	os.Exit(code)
}

// becomeParent spawns a sleeper that must not outlive it, prints the sleeper's pid and waits to be killed.
func becomeParent() {
	r := reaper.New(slog.New(slog.DiscardHandler))
	go r.Run()
	p, err := r.Spawn(reaper.Spec{Path: "/bin/sleep", Args: []string{"sleep", "60"}, Pdeathsig: syscall.SIGKILL})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p.PID())
	select {}
}

// start gives a running reaper that is closed, and waited for, at the end of the test.
func start(t *testing.T) *reaper.Reaper {
	t.Helper()
	r := reaper.New(slog.New(slog.DiscardHandler))
	ended := make(chan error, 1)
	go func() { ended <- r.Run() }()
	t.Cleanup(func() {
		defer func() { // even where a child is left: two reapers would take each other's statuses
			r.Close()
			r.Close()
			if err := await(t, ended); err != nil {
				t.Errorf("Run: got error %v, want nil", err)
			}
		}()
		eventually(t, "no child is left", noChildren) // orphans, too: this process adopts them once a test has asked for that
	})
	return r
}

// catchIgnored catches, for the length of a test, the signals that this process may have been started to ignore, as by
// nohup or in the background of a script: a child inherits that a signal is ignored, but not that it is caught.
func catchIgnored(t *testing.T) {
	t.Helper()
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGHUP, syscall.SIGINT) // Go's runtime catches the others in any case
	t.Cleanup(func() { signal.Stop(caught) })
}

// await receives from c before the patience is over.
func await[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("nothing happened within %v", patience)
		panic("not reached")
	}
}

// spawn starts a shell script and gives the channel its exit arrives on.
func spawn(t *testing.T, r *reaper.Reaper, script string, files ...*os.File) (*reaper.Process, <-chan reaper.Exit) {
	t.Helper()
	exits := make(chan reaper.Exit, 2)
	p, err := r.Spawn(reaper.Spec{
		Path: "/bin/sh", Args: []string{"sh", "-c", script}, Env: os.Environ(), Files: files,
		Exited: func(e reaper.Exit) { exits <- e },
	})
	if err != nil {
		t.Fatalf("spawn %q: %v", script, err)
	}
	return p, exits
}

// pipe gives a pipe whose two ends are closed at the end of the test at the latest.
func pipe(t *testing.T) (reader, writer *os.File) {
	t.Helper()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { reader.Close(); writer.Close() })
	return reader, writer
}

// gate is a pipe for a child's stdin, from which a shell's `read` waits until it is closed: what os.Pipe makes does not
// block.
func gate(t *testing.T) (stdin, release *os.File) {
	t.Helper()
	var fds [2]int
	if err := syscall.Pipe2(fds[:], syscall.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	stdin, release = os.NewFile(uintptr(fds[0]), "stdin"), os.NewFile(uintptr(fds[1]), "release")
	t.Cleanup(func() { stdin.Close(); release.Close() })
	return stdin, release
}

// output runs the spec with its stdout in a pipe and gives what it wrote.
func output(t *testing.T, r *reaper.Reaper, s reaper.Spec) string {
	t.Helper()
	reader, writer := pipe(t)
	s.Files = append([]*os.File{nil, writer, os.Stderr}, s.Files...)
	exits := make(chan reaper.Exit, 1)
	s.Exited = func(e reaper.Exit) { exits <- e }
	if _, err := r.Spawn(s); err != nil {
		t.Fatalf("spawn %s: %v", s.Path, err)
	}
	writer.Close()
	all, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	await(t, exits)
	return strings.TrimSpace(string(all))
}

// readPID reads one line that holds a pid.
func readPID(t *testing.T, f *os.File) int {
	t.Helper()
	line, err := bufio.NewReader(f).ReadString('\n')
	if err != nil {
		t.Fatalf("read a pid: %v", err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatalf("read a pid: %v", err)
	}
	return pid
}

// eventually waits for a condition that no event announces.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not so within %v: %s", patience, what)
		}
	}
}

func itoa(n int) string { return strconv.Itoa(n) }

// cutLast cuts around the last sep: a process's name in /proc may contain anything.
func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

package entry_test

import (
	"bufio"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// children are what this binary does when it is started with a word of theirs, as its second argument or in
// ENTRY_TEST.
var children = map[string]func(){
	"active": reportActive, "dispositions": reportDispositions, "report": report, "first": reportFirst, "records": reportRecords, "fault": fault,
	"overflow": overflow, "refused": refused, "handback": handBack, "guarded": reportGuarded,
}

func TestMain(m *testing.M) {
	// With "init" before it the entry is at work in the child.
	word := os.Getenv("ENTRY_TEST")
	if len(os.Args) > 2 {
		word = os.Args[len(os.Args)-1]
	}
	if child, ours := children[word]; ours {
		child()
		return
	}
	os.Exit(m.Run())
}

// needsEntry skips where an external linker has made the entry another one's, as the race detector's does.
func needsEntry(t *testing.T) {
	t.Helper()
	if strings.TrimSpace(begin(t, nil, self(t), "init", "active").all()) != "true" {
		t.Skip("this binary has another entry (an external linker, or an architecture without ours)")
	}
}

// child is a started process, its stdout in a pipe.
type child struct {
	t       *testing.T
	process *os.Process
	out     *os.File
	lines   *bufio.Reader
	state   *os.ProcessState
}

// begin starts argv with exactly this environment; os/exec would tidy it up.
func begin(t *testing.T, environ []string, argv ...string) *child {
	t.Helper()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	if environ == nil {
		environ = []string{"PATH=/usr/bin:/bin"}
	}
	process, err := os.StartProcess(argv[0], argv, &os.ProcAttr{Env: environ, Files: []*os.File{null, writer, os.Stderr}})
	writer.Close()
	null.Close()
	if err != nil {
		t.Fatal(err)
	}
	c := &child{t: t, process: process, out: reader, lines: bufio.NewReader(reader)}
	t.Cleanup(func() {
		process.Kill()
		c.wait()
		reader.Close()
	})
	return c
}

func (c *child) line() string {
	c.t.Helper()
	line, err := c.lines.ReadString('\n')
	if err != nil {
		c.t.Fatalf("read a line: got %q and %v", line, err)
	}
	return strings.TrimSpace(line)
}

func (c *child) all() string {
	c.t.Helper()
	text, err := io.ReadAll(c.lines)
	if err != nil {
		c.t.Fatal(err)
	}
	return string(text)
}

func (c *child) signal(sig syscall.Signal) {
	c.t.Helper()
	if err := syscall.Kill(c.process.Pid, sig); err != nil {
		c.t.Fatal(err)
	}
}

// awaitCaught waits until the child catches sig.
func (c *child) awaitCaught(sig syscall.Signal) {
	c.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; {
		if set, err := caughtBy(strconv.Itoa(c.process.Pid)); err == nil && set&bits(sig) != 0 {
			return
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("waited 10s until the child catches %v", sig)
		}
	}
}

// caughtBy is the set of signals that a process catches.
func caughtBy(pid string) (uint64, error) {
	text, err := os.ReadFile("/proc/" + pid + "/status")
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), "SigCgt:\t")
	value, _, _ := strings.Cut(rest, "\n")
	return strconv.ParseUint(value, 16, 64)
}

func (c *child) wait() *os.ProcessState {
	if c.state == nil {
		c.state, _ = c.process.Wait()
	}
	return c.state
}

// libcsIgnored are the signals 32 and 33 where this process ignores them: glibc's posix_spawn, which make uses,
// leaves that to what it starts, and so to everything below.
func libcsIgnored(t *testing.T) uint64 {
	t.Helper()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "SigIgn:\t")
	value, _, _ := strings.Cut(rest, "\n")
	ignored, err := strconv.ParseUint(value, 16, 64)
	if err != nil {
		t.Fatal(err)
	}
	return ignored & (1<<31 | 1<<32)
}

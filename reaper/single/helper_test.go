package single

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"percore/reaper/entry"
)

// patience bounds every wait in these tests; it is only ever used up by a failure.
const patience = 20 * time.Second

// wish is what a test wants of an init in the test binary, written into its environment.
type wish struct {
	Rewrite            map[int]int
	Remap              map[int]int
	Group, Tree        bool
	WaitAll            bool
	StopTimeout        time.Duration
	Pdeathsig, Release int
	Ignored, Mask      uint64
}

const (
	wishName = "SINGLE_TEST="
	shimName = "SINGLE_SHIM="
)

// TestMain is also the init: this binary with "init" as its first word, so that the entry is at work, and the command
// after "--".
func TestMain(m *testing.M) {
	if len(os.Args) > 3 && os.Args[1] == "init" && os.Args[2] == "--" {
		os.Exit(becomeInit(os.Args[3:]))
	}
	code := m.Run()
	if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); err != syscall.ECHILD {
		fmt.Printf("children left after the tests: got pid %d, error %v; want ECHILD\n", pid, err)
		code = 1
	}
	os.Exit(code)
}

func becomeInit(args []string) int {
	in := Inherit(os.Environ())
	var w wish
	for _, pair := range in.Environ {
		if text, ours := strings.CutPrefix(pair, shimName); ours {
			return Become(text, args, os.Environ(), os.Stderr)
		}
		if text, ours := strings.CutPrefix(pair, wishName); ours {
			if err := json.Unmarshal([]byte(text), &w); err != nil {
				fmt.Println(err)
				return codeInternal
			}
		}
	}
	in.Ignored |= w.Ignored
	in.Mask |= w.Mask
	return Run(w.options(args, in))
}

func (w wish) options(args []string, in entry.Inherited) Options {
	o := Options{
		Args: args, Inherited: in, Stderr: os.Stderr, Group: w.Group, Tree: w.Tree, WaitAll: w.WaitAll, StopTimeout: w.StopTimeout,
		Pdeathsig: syscall.Signal(w.Pdeathsig), Remap: w.Remap, Rewrite: map[syscall.Signal]syscall.Signal{}, ShimEntry: shimName,
	}
	for from, to := range w.Rewrite {
		o.Rewrite[syscall.Signal(from)] = syscall.Signal(to)
	}
	if w.Release != 0 {
		o.Release = func() []os.Signal { return []os.Signal{syscall.Signal(w.Release)} }
	}
	return o
}

// running is a started init.
type running struct {
	t      *testing.T
	cmd    *exec.Cmd
	lines  *bufio.Reader
	stderr bytes.Buffer
}

// begin starts an init that runs a shell script, or the words if there are several.
func begin(t *testing.T, w wish, words ...string) *running {
	t.Helper()
	if len(words) == 1 {
		words = []string{"/bin/sh", "-c", words[0]}
	}
	text, err := json.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	r := &running{t: t, cmd: exec.Command("/proc/self/exe", append([]string{"init", "--"}, words...)...)}
	r.cmd.Env = []string{"PATH=/usr/bin:/bin", wishName + string(text)}
	r.cmd.Stderr = &r.stderr
	return r
}

func (r *running) start() *running {
	r.t.Helper()
	reader, writer, err := os.Pipe()
	if err != nil {
		r.t.Fatal(err)
	}
	r.cmd.Stdout = writer
	r.lines = bufio.NewReader(reader)
	err = r.cmd.Start()
	writer.Close()
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() {
		r.cmd.Process.Kill()
		r.cmd.Wait()
		reader.Close()
	})
	return r
}

func (r *running) line() string {
	r.t.Helper()
	line, err := r.lines.ReadString('\n')
	if err != nil {
		r.t.Fatalf("read a line: got %q and %v; stderr %q", line, err, r.stderr.String())
	}
	return strings.TrimSpace(line)
}

func (r *running) signal(sig syscall.Signal) {
	r.t.Helper()
	if err := r.cmd.Process.Signal(sig); err != nil {
		r.t.Fatal(err)
	}
}

// end gives all further output and the exit code.
func (r *running) end() (string, int) {
	r.t.Helper()
	timer := time.AfterFunc(patience, func() { r.cmd.Process.Kill() })
	defer timer.Stop()
	text, err := io.ReadAll(r.lines)
	if err != nil {
		r.t.Fatal(err)
	}
	r.cmd.Wait()
	return strings.TrimSpace(string(text)), r.cmd.ProcessState.ExitCode()
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

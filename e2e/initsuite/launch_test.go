package initsuite

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"percore/e2e/proc"
	"percore/e2e/program"
	"percore/e2e/rig"
)

// patience bounds every wait; only a broken promise uses it up.
const patience = 30 * time.Second

// soon is how long something may take that should happen at once. An init that is only compared is not waited for: it may
// never do it. percore, held to its promises on a machine that others use too, is given patience.
func soon(limit time.Duration) time.Duration {
	if *compare || os.Getenv("PERCORE_E2E_INIT") != "" {
		return limit
	}
	return max(limit, patience)
}

// pause is how long a scenario looks on, so that it sees what comes too much or too late.
func pause() time.Duration {
	if *compare {
		return 300 * time.Millisecond
	}
	return time.Second // an ordinary run shares the machine
}

// trial is a scenario's test, the init it is about, and the ground to start it on.
type trial struct {
	*testing.T
	init candidate
	bin  string // the folder with the probe and percore
	full bool   // the comparison's run: more rounds, longer storms
}

// probe is the probe's command line for a word.
func (r *trial) probe(words ...any) []string {
	command := []string{filepath.Join(r.bin, "probe")}
	for _, w := range words {
		command = append(command, fmt.Sprint(w))
	}
	return command
}

// launch says what to start, and on which ground.
type launch struct {
	command  []string // runs under the init
	without  bool     // without the init: the command itself is PID 1
	with     []feature
	environ  []string // added to PATH; replaces it when it has one
	below    bool     // the init is not PID 1 but its child
	stage    []string // further options of the stage
	dir      string
	stdin    *os.File   // nil is /dev/null
	stderr   *os.File   // nil is collected
	files    []*os.File // inherited as 3, 4 …
	terminal *terminal  // is 0, 1 and 2, and the controlling terminal
}

// running is a started init. At the end of the test it and all below it are gone.
type running struct {
	t       *testing.T
	cmd     *exec.Cmd
	pid     int // the init's, in the namespace of the tests
	lines   chan string
	stderr  *collector
	statusR *os.File // says how the init ended when it is not PID 1
	once    sync.Once
	began   time.Time
	ended   chan struct{} // closed when PID 1 is gone; endedAt is set then
	endedAt time.Time
}

// collector gathers what is written, for reading at any time.
type collector struct {
	mu   sync.Mutex // guards text
	text []byte
	done chan struct{}
}

func (c *collector) read(from io.ReadCloser) {
	defer close(c.done)
	defer from.Close()
	buffer := make([]byte, 4096)
	for {
		n, err := from.Read(buffer)
		c.mu.Lock()
		c.text = append(c.text, buffer[:n]...)
		c.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (c *collector) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return string(c.text)
}

// start starts the init and returns as soon as its exec is done.
func (r *trial) start(l launch) *running {
	r.Helper()
	run := &running{t: r.T, lines: make(chan string, 4096), ended: make(chan struct{})}
	executed, executedW := r.pipe()
	statusR, statusW := r.pipe()
	run.statusR = statusR
	stage := append([]string{"proc"}, l.stage...)
	first := 3 + len(l.files)
	stage = append(stage, fmt.Sprintf("cloexec=%d", first), fmt.Sprintf("cloexec=%d", first+1))
	if l.below {
		stage = append(stage, fmt.Sprintf("nurse=%d", first+1))
	}
	argv := l.command
	if !l.without {
		argv = r.init.argv(l.with, l.command)
	}
	run.cmd = exec.Command(filepath.Join(r.bin, "probe"))
	run.cmd.Args = slices.Concat([]string{"probe", "stage"}, stage, []string{"--"}, argv)
	run.cmd.Env = append(l.fullEnviron(), r.init.environ(l.with)...)
	run.cmd.Dir = l.dir
	run.cmd.ExtraFiles = append(slices.Clone(l.files), executedW, statusW)
	run.cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL, Setsid: true,
	}
	ours := run.wire(r, l)
	if err := run.cmd.Start(); err != nil {
		r.Fatalf("start %v: %v", argv, err)
	}
	for _, f := range append(ours, executedW, statusW) {
		f.Close()
	}
	r.Cleanup(run.end)
	if !l.below {
		run.reap()
		// The nurse keeps its end open.
		if _, err := executed.Read(make([]byte, 1)); err != io.EOF {
			r.Fatalf("wait for exec: got %v, want EOF", err)
		}
	}
	run.began = time.Now()
	run.findInit(l.below)
	return run
}

func (l launch) fullEnviron() []string {
	if slices.ContainsFunc(l.environ, func(pair string) bool { return strings.HasPrefix(pair, "PATH=") }) {
		return slices.Clone(l.environ)
	}
	return append([]string{"PATH=" + os.Getenv("PATH")}, l.environ...)
}

// wire connects descriptors 0 to 2 and returns those that are the child's alone.
func (run *running) wire(r *trial, l launch) []*os.File {
	run.stderr = &collector{done: make(chan struct{})}
	if l.terminal != nil {
		close(run.lines)
		close(run.stderr.done)
		slave := l.terminal.open(r.T)
		run.cmd.Stdin, run.cmd.Stdout, run.cmd.Stderr = slave, slave, slave
		run.cmd.SysProcAttr.Setctty = true
		return []*os.File{slave}
	}
	if l.stdin != nil {
		run.cmd.Stdin = l.stdin
	}
	out, outW := r.pipe()
	run.cmd.Stdout = outW
	go run.scan(out)
	if l.stderr != nil {
		close(run.stderr.done)
		run.cmd.Stderr = l.stderr
		return []*os.File{outW}
	}
	errR, errW := r.pipe()
	run.cmd.Stderr = errW
	go run.stderr.read(errR)
	return []*os.File{outW, errW}
}

func (r *trial) pipe() (reader, writer *os.File) {
	r.Helper()
	reader, writer, err := os.Pipe()
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { reader.Close(); writer.Close() })
	return reader, writer
}

func (run *running) scan(out *os.File) {
	defer close(run.lines)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		run.lines <- lines.Text()
	}
}

// findInit finds the init's pid: PID 1's own, or that of its first child.
func (run *running) findInit(below bool) {
	run.pid = run.cmd.Process.Pid
	if !below {
		return
	}
	nurse := run.pid
	until(run.t, "the init has been started", func() bool {
		if all := proc.Children(nurse); len(all) > 0 {
			run.pid = all[0]
			name, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", run.pid))
			return filepath.Base(name) != "probe"
		}
		return false
	})
}

// signal sends the init a signal from outside its namespace.
func (run *running) signal(sig syscall.Signal) {
	if err := syscall.Kill(run.pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
		run.t.Errorf("send %v to the init: %v", sig, err)
	}
}

// line waits for the next line that begins with prefix and returns what follows. False means that none
// came in time, or that all who could write it are gone.
func (run *running) line(prefix string, within time.Duration) (string, bool) {
	deadline := time.After(within)
	for {
		select {
		case line, open := <-run.lines:
			if !open {
				return "", false
			}
			if rest, found := strings.CutPrefix(line, prefix); found {
				return strings.TrimSpace(rest), true
			}
		case <-deadline:
			return "", false
		}
	}
}

// ready waits until the command under the init says so.
func (run *running) ready() {
	run.t.Helper()
	if _, ok := run.line("ready", patience); !ok {
		run.t.Fatalf("the command under the init never said ready; stderr: %s", run.stderr)
	}
}

// rest collects all lines until nobody is left to write one, or the time is over.
func (run *running) rest(within time.Duration) []string {
	var all []string
	deadline := time.After(within)
	for {
		select {
		case line, open := <-run.lines:
			if !open {
				return all
			}
			all = append(all, line)
		case <-deadline:
			return all
		}
	}
}

// wait gives the init's exit code, or minus the signal that ended it. False means that it still runs.
func (run *running) wait(within time.Duration) (int, bool) {
	if run.pid != run.cmd.Process.Pid {
		return run.waitBelow(within)
	}
	run.reap()
	select {
	case <-run.ended:
	case <-time.After(within):
		return 0, false
	}
	return codeOf(run.cmd.ProcessState.Sys().(syscall.WaitStatus)), true
}

func (run *running) waitBelow(within time.Duration) (int, bool) {
	if err := run.statusR.SetReadDeadline(time.Now().Add(within)); err != nil {
		run.t.Fatal(err)
	}
	line, err := bufio.NewReader(run.statusR).ReadString('\n')
	if err != nil {
		return 0, false
	}
	status, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		run.t.Fatal(err)
	}
	return codeOf(syscall.WaitStatus(status)), true
}

// reap waits for PID 1 in the background, once.
func (run *running) reap() {
	run.once.Do(func() {
		go func() {
			run.cmd.Wait() //nolint:errcheck // its status is read by whoever wants it
			run.endedAt = time.Now()
			close(run.ended)
		}()
	})
}

// end kills PID 1, and the kernel all below it.
func (run *running) end() {
	run.cmd.Process.Kill()
	run.reap()
	<-run.ended
}

// took is the time from the exec to the end.
func (run *running) took() time.Duration { return run.endedAt.Sub(run.began) }

func codeOf(status syscall.WaitStatus) int {
	if status.Signaled() {
		return -int(status.Signal())
	}
	return status.ExitStatus()
}

// code runs to the end and gives the exit code.
func (r *trial) code(l launch) int {
	r.Helper()
	run := r.start(l)
	defer run.end()
	code, ended := run.wait(patience)
	if !ended {
		r.Logf("%v still runs after %v; stderr: %s", l.command, patience, run.stderr)
		return -1000
	}
	return code
}

// until waits for a condition that no event announces.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	rig.AwaitWithin(t, patience, what, ok)
}

func within(limit time.Duration, ok func() bool) bool { return program.Await(limit, "it", ok) == nil }

package fleet

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"percore/internal/trial"
	"percore/reaper"
	"percore/reaper/lifecycle"
	"percore/reaper/probe"
)

// patience bounds every wait for real processes; only a failure uses it up.
const patience = 20 * time.Second

// TestMain is also a worker: it listens on the port in its first argument until it is killed.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "child:listen" {
		l, err := net.Listen("tcp", "127.0.0.1:"+os.Args[2])
		if err != nil {
			os.Exit(1)
		}
		for {
			conn, err := l.Accept()
			if err != nil {
				os.Exit(1)
			}
			conn.Close()
		}
	}
	os.Exit(m.Run())
}

// real is a fleet of real processes.
type real struct {
	fleet          *Fleet
	result         chan Result
	log            *trial.Buffer
	stdout, stderr *trial.Buffer
}

func startReal(t *testing.T, p Program, change func(*Options)) *real {
	t.Helper()
	kernel := reaper.New(slog.New(slog.DiscardHandler))
	reaped := make(chan error, 1)
	go func() { reaped <- kernel.Run() }()
	r := &real{result: make(chan Result, 1), log: new(trial.Buffer), stdout: new(trial.Buffer), stderr: new(trial.Buffer)}
	o := Options{
		Programs: []Program{p}, Spawner: kernel, Stdout: r.stdout, Stderr: r.stderr,
		Log: slog.New(slog.NewTextHandler(r.log, nil)), StopTimeout: 5 * time.Second,
	}
	if change != nil {
		change(&o)
	}
	r.fleet = New(o)
	ended := make(chan struct{})
	go func() {
		r.result <- r.fleet.Run()
		close(ended)
	}()
	t.Cleanup(func() {
		r.fleet.Stop("the test is over")
		r.fleet.Stop("now")
		<-ended
		kernel.Close()
		<-reaped
	})
	return r
}

func (r *real) end(t *testing.T) Result {
	t.Helper()
	select {
	case got := <-r.result:
		return got
	case <-time.After(patience):
		t.Fatalf("Run: got no end within %v\n%s", patience, r.log)
		panic("not reached")
	}
}

// script is a program of one shell that is run once.
func script(text string) Program {
	return Program{
		Group: "tests", Name: "test", Command: []string{"/bin/sh", "-c", text}, Env: []string{"PATH=/bin:/usr/bin"},
		Policy: lifecycle.Policy{Autorestart: lifecycle.Never, StartSecs: time.Minute}, Ready: probe.Check{Kind: probe.None}, Role: Role{Critical: true},
	}
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(200 * time.Microsecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not so within %v: %s", patience, what)
		}
	}
}

func TestOneWorkerThatMayEndPassesItsCodeThrough(t *testing.T) {
	for text, want := range map[string]int{
		"exit 0": 0, "exit 1": 1, "exit 255": 255, "kill -TERM $$": 143, "kill -KILL $$": 137,
	} {
		t.Run(text, func(t *testing.T) { // one reaper at a time
			if got := startReal(t, script(text), nil).end(t); got.Code != want {
				t.Errorf("got %+v, want code %d", got, want)
			}
		})
	}
}

func TestACommandThatIsNotThereEndsWith127(t *testing.T) {
	p := script("")
	p.Command, p.Workers = []string{"no-such-command"}, 3
	r := startReal(t, p, nil)
	if got := r.end(t); got.Code != 127 || !strings.Contains(got.Reason, "find no-such-command: no such file") {
		t.Errorf("result: got %+v, want 127 and the command's name", got)
	}
}

func TestTheLastLinesOfACrashLoopAreRepeated(t *testing.T) {
	p := script("echo starting; echo boom >&2; exit 3")
	p.Autorestart, p.StartRetries, p.Backoff.Base = lifecycle.Always, 1, time.Millisecond
	r := startReal(t, p, nil)
	if got := r.end(t); got.Code != 3 {
		t.Errorf("result: got %+v, want code 3", got)
	}
	if got, want := r.stderr.String(), "boom\nboom\n"; got != want {
		t.Errorf("stderr: got %q, want %q", got, want)
	}
	log := r.log.String()
	_, report, _ := strings.Cut(log, `msg="fleet ended"`)
	report, sentence, _ := strings.Cut(report, "\n")
	if strings.Count(report, "boom") != 2 || strings.Count(report, "starting") != 2 {
		t.Errorf("report: got %q, want the lines of both lives", report)
	}
	if !strings.HasSuffix(sentence, `msg="fleet ended with code 3: tests:test exited with code 3 after `+between(sentence, "after ", ",")+`, and said last: boom"`+"\n") {
		t.Errorf("at the end: got %q, want one sentence", sentence)
	}
}

func between(s, before, after string) string {
	_, s, _ = strings.Cut(s, before)
	s, _, _ = strings.Cut(s, after)
	return s
}

func TestOutputIsCopiedByteForByte(t *testing.T) {
	data := make([]byte, 1<<20)
	for i := range data {
		data[i] = byte(rand.IntN(256))
	}
	path := filepath.Join(t.TempDir(), "data")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	r := startReal(t, script("cat "+path+"; cat "+path+" >&2"), nil)
	r.end(t)
	for name, stream := range map[string]*trial.Buffer{"stdout": r.stdout, "stderr": r.stderr} {
		if got := stream.String(); sha256.Sum256([]byte(got)) != sha256.Sum256(data) {
			t.Errorf("%s: got %d bytes that differ from the %d written", name, len(got), len(data))
		}
	}
}

func TestAWorkersStdoutIsABlockingPipe(t *testing.T) {
	r := startReal(t, script("grep flags /proc/self/fdinfo/1"), nil)
	r.end(t)
	fields := strings.Fields(r.stdout.String())
	flags, err := strconv.ParseInt(fields[len(fields)-1], 8, 64)
	if err != nil || flags&syscall.O_NONBLOCK != 0 {
		t.Errorf("flags of the worker's stdout: got %q (%v), want no O_NONBLOCK", r.stdout, err)
	}
}

func TestAGrandchildThatHoldsThePipeDelaysNothing(t *testing.T) {
	r := startReal(t, script("sleep 60 & echo $!; exit 4"), nil)
	if got := r.end(t); got.Code != 4 { // long before the grandchild's
		t.Errorf("result: got %+v, want code 4", got)
	}
	grandchild, err := strconv.Atoi(strings.TrimSpace(r.stdout.String()))
	if err != nil {
		t.Fatalf("the grandchild's pid: %v", err)
	}
	if err := syscall.Kill(grandchild, syscall.SIGKILL); err != nil {
		t.Errorf("kill the grandchild: %v", err)
	}
}

func TestASlowStdoutHoldsUpTheWorkerAlone(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	defer writer.Close()
	r := startReal(t, script("while :; do echo 0123456789; done"), func(o *Options) { o.Stdout, o.StopTimeout = writer, time.Hour })
	waitFor(t, "the worker runs", func() bool { return r.fleet.Status()[0].PID != 0 })
	if _, err := io.ReadFull(reader, make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	r.fleet.Stop("TERM") // from here on the pipe is not read
	if got := r.end(t); got.Code != 0 {
		t.Errorf("stop: got %+v, want code 0", got)
	}
}

func TestABrokenStdoutDoesNotHoldUpTheWorker(t *testing.T) {
	closed := writerFunc(func([]byte) (int, error) { return 0, syscall.EPIPE })
	r := startReal(t, script("i=0; while [ $i -lt 20000 ]; do echo 0123456789; i=$((i+1)); done; exit 6"),
		func(o *Options) { o.Stdout = closed })
	if got := r.end(t); got.Code != 6 {
		t.Errorf("result: got %+v, want code 6", got)
	}
	if got := r.fleet.Dropped(); got != 220000 {
		t.Errorf("dropped: got %d bytes, want 220000", got)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestADeafWorkerIsKilledWithItsGroup(t *testing.T) {
	r := startReal(t, script("trap '' TERM; sleep 60 & echo $!; while :; do sleep 60; done"),
		func(o *Options) { o.StopTimeout = 2 * time.Second }) // the kill has 0.4 s of it, on a busy machine too
	waitFor(t, "the worker has spoken", func() bool { return strings.Contains(r.stdout.String(), "\n") })
	grandchild, err := strconv.Atoi(strings.TrimSpace(r.stdout.String()))
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	r.fleet.Stop("TERM")
	if got := r.end(t); got.Code != 0 || time.Since(begun) < 1600*time.Millisecond {
		t.Errorf("stop: got %+v after %v, want code 0 after 1.6s", got, time.Since(begun))
	}
	waitFor(t, "the grandchild is dead", func() bool { return deadOrZombie(grandchild) })
}

// deadOrZombie: without a subreaper the grandchild's zombie is another process's to reap.
func deadOrZombie(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
		return true
	}
	_, rest, _ := bytes.Cut(stat, []byte(") "))
	return len(rest) > 0 && rest[0] == 'Z'
}

func TestAKilledWorkerIsReplacedAtOnce(t *testing.T) {
	port := freePort(t)
	p := Program{
		Group: "tests", Name: "test", Command: []string{"/proc/self/exe", "child:listen", "{port}"}, PortsFrom: port,
		Policy: lifecycle.Policy{StartSecs: time.Nanosecond, StartRetries: 3}, Role: Role{Traffic: true, Critical: true},
	}
	r := startReal(t, p, nil)
	var took []time.Duration
	for range 10 {
		waitFor(t, "the worker is ready", func() bool { return r.fleet.Status()[0].Ready })
		old := r.fleet.Status()[0].PID
		begun := time.Now()
		if err := syscall.Kill(old, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		waitFor(t, "there is a new pid", func() bool { pid := r.fleet.Status()[0].PID; return pid != 0 && pid != old })
		took = append(took, time.Since(begun))
	}
	slices.Sort(took)
	t.Logf("kill to new pid: min %v, median %v, max %v", took[0], took[len(took)/2], took[len(took)-1])
	if got := r.fleet.Status()[0].Restarts; got != 10 {
		t.Errorf("restarts: got %d, want 10", got)
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

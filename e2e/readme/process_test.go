package readme

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait; machines that run tests are busy.
const patience = 30 * time.Second

// process is a running command with all that it has printed.
type process struct {
	cmd    *exec.Cmd
	output *transcript
	ended  chan struct{}
}

// start runs the command, which is killed when the test is over at the latest.
func start(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{cmd: cmd, output: &transcript{}, ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p.output, p.output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		if err := cmd.Wait(); err != nil {
			var status *exec.ExitError
			if !errors.As(err, &status) {
				fmt.Fprintln(p.output, err)
			}
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-p.ended
	})
	return p
}

// code is the exit code, once the process has ended.
func (p *process) code(t *testing.T) int {
	t.Helper()
	select {
	case <-p.ended:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(patience):
		t.Fatalf("the process has not ended; it printed:\n%s", p.output)
		return -1
	}
}

// await waits until the output holds text this many times.
func (p *process) await(t *testing.T, text string, times int) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for strings.Count(p.output.String(), text) < times {
		select {
		case <-p.ended:
			if strings.Count(p.output.String(), text) < times {
				t.Fatalf("the process ended before it printed %q; it printed:\n%s", text, p.output)
			}
			return
		case <-time.After(10 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatalf("no %q in the output:\n%s", text, p.output)
		}
	}
}

func (p *process) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

var startedPID = regexp.MustCompile(`"msg":"worker started".*"pid":([0-9]+)`)

// children are the pids that percore's log told of.
func (p *process) children() []int {
	var pids []int
	for _, m := range startedPID.FindAllStringSubmatch(p.output.String(), -1) {
		if pid, err := strconv.Atoi(m[1]); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// transcript is a buffer that may be read while it is written.
type transcript struct {
	mu  sync.Mutex // guards buf
	buf bytes.Buffer
}

func (o *transcript) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *transcript) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// Ports for the tests, below those that the kernel hands out for outgoing connections (ip_local_port_range). Processes
// begin at different places; within one no port is given out twice.
const portsFirst, portsCount = 20000, 12000

var portsGiven atomic.Int64

// freePorts gives n ports in a row on 127.0.0.1.
func freePorts(t *testing.T, n int) int {
	t.Helper()
	start := os.Getpid() * 100
	for range 100 {
		first := portsFirst + (start+int(portsGiven.Add(int64(n)))-n)%(portsCount-n)
		if allFree(first, n) {
			return first
		}
	}
	t.Fatalf("no %d free ports in a row", n)
	return 0
}

func allFree(first, n int) bool {
	for port := first; port < first+n; port++ {
		l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port))
		if err != nil {
			return false
		}
		l.Close()
	}
	return true
}

func isRoot() bool { return os.Getuid() == 0 }

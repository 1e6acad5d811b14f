package lbproxy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"percore/internal/trial"
	"percore/lbproxy/socket"
)

// childWorker names the worker's address for the test process that runs a front door with few descriptors.
const childWorker = "LBPROXY_TEST_CHILD_WORKER"

// TestMain runs the tests, or a front door with few descriptors when it is the child of one of them.
func TestMain(m *testing.M) {
	if worker := os.Getenv(childWorker); worker != "" {
		if err := runStarved(worker); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	runtime.GOMAXPROCS(max(runtime.GOMAXPROCS(0), 4)) // a waiting loop keeps its P, so there are two more than loops
	os.Exit(m.Run())
}

// childDescriptors says how many descriptors that child may have.
const childDescriptors = "LBPROXY_TEST_CHILD_DESCRIPTORS"

// descriptors is how many a starved child has that shall run out of them.
const descriptors = 48

// runStarved serves until standard input ends, then prints how many turns its loop took and how often it said that it paused.
func runStarved(worker string) error {
	n, err := strconv.ParseUint(os.Getenv(childDescriptors), 10, 32)
	if err != nil {
		return err
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: n, Max: n}); err != nil {
		return err
	}
	listeners, err := socket.Listen("127.0.0.1:0", 1)
	if err != nil {
		return err
	}
	address := addressOf(listeners[0])
	log := &trial.Buffer{}
	o := DefaultOptions()
	o.ClientHeaderTimeout = time.Minute
	p, err := New(o, listeners, newTestLog(log), io.Discard, func(Report) {})
	if err != nil {
		return err
	}
	finished := make(chan error, 1)
	go func() { finished <- p.Run() }()
	if err := p.Apply(Snapshot{Seq: 1, Endpoints: up(worker)}); err != nil {
		return err
	}
	fmt.Println(address)
	_, _ = io.Copy(io.Discard, os.Stdin)
	p.Close()
	err = <-finished
	fmt.Println(p.loops[0].turn, strings.Count(log.String(), "accept paused"))
	return err
}

// starved is a front door in a process of its own that has few descriptors.
type starved struct {
	address string
	stdin   io.Closer
	out     *bufio.Reader
}

func starve(t *testing.T, worker string, descriptors int) *starved {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childWorker+"="+worker, fmt.Sprintf("%s=%d", childDescriptors, descriptors))
	child.Stderr = os.Stderr
	stdin, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = child.Process.Kill(); _ = child.Wait() })
	s := &starved{stdin: stdin, out: bufio.NewReader(stdout)}
	address, err := s.out.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	s.address = strings.TrimSpace(address)
	return s
}

func (s *starved) dial(t *testing.T) net.Conn {
	t.Helper()
	c, err := net.DialTimeout("tcp", s.address, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(15 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return c
}

// end stops the child and returns how many turns its loop took, and how often it said that it paused.
func (s *starved) end(t *testing.T) (turns, pauses int) {
	t.Helper()
	s.stdin.Close()
	if _, err := fmt.Fscan(s.out, &turns, &pauses); err != nil {
		t.Fatal(err)
	}
	return turns, pauses
}

func TestAcceptPausesWithoutDescriptorsAndRecovers(t *testing.T) {
	t.Parallel()
	child := starve(t, newStub(t, constant("ok")).address, descriptors)
	start := time.Now()
	var crowd []net.Conn
	for len(crowd) < 2*descriptors || time.Since(start) < 600*time.Millisecond {
		crowd = append(crowd, child.dial(t))
		time.Sleep(4 * time.Millisecond)
	}
	for _, c := range crowd {
		c.Close()
	}
	eventually(t, "it serves again", func() bool { return oneRequest(child.address) == nil })
	turns, pauses := child.end(t)
	if pauses != 1 {
		t.Errorf("complaints about a pause: got %d, want one a minute", pauses)
	}
	if most := 20 * len(crowd); turns > most { // a loop that spins takes that many in a moment
		t.Errorf("turns of the loop: got %d for %d clients, want %d at most", turns, len(crowd), most)
	}
	t.Logf("turns %d for %d clients in %v", turns, len(crowd), time.Since(start))
}

// TestAFaultEndsOnlyItsOwnPair makes one exchange impossible and expects all others to be served on.
func TestAFaultEndsOnlyItsOwnPair(t *testing.T) {
	r := newRig(t, streams)
	s := newStub(t, mirror)
	r.workers(s.address)
	other := r.client()
	other.wantOpen("/ ")
	c := r.client().send("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhello")
	eventually(t, "the worker has the start", func() bool { return s.requests.Load() == 2 })
	r.onLoop(func(l *loop) {
		l.afterTurn = nil // which would find the fault
		for _, x := range l.exchanges.all {
			if c := l.conns.at(x.downstream); c.exchange == x.id && x.upload.state == uploadBody {
				l.timers.Clear(x.upstream)
				l.closeConn(l.conns.at(x.upstream))
				x.upstream = noSlot // an exchange that streams to no connection
			}
		}
	})
	c.send("world")
	c.read("POST").want(t, 500, "~internal error")
	if !strings.Contains(r.log.String(), "connection handling panicked") {
		t.Error("the fault is not in the log")
	}
	r.log.Reset()
	other.wantOpen("/ ")
	wantCount(t, "exchanges", int64(r.exchanges()), 0)
}

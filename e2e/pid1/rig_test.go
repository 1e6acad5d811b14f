package pid1

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"percore/e2e/load"
)

var unshareFlags = []string{"--pid", "--fork", "--mount-proc", "--kill-child"}

// patience is how long anything that should happen at once may take on a busy machine.
const patience = 20 * time.Second

// logLinesMax bounds how much of a log a failing test shows.
const logLinesMax = 60

// env is what a service finds in its environment.
type env map[string]string

// service is a percore that is PID 1 of its own namespace.
type service struct {
	*testing.T
	*journal
	pid       int      // of PID 1, as seen from here
	namespace string   // as in /proc/PID/ns/pid
	held      *os.File // keeps the namespace, and so its name, from being used again
	address   string   // of the public listener
	portsFrom int
	ended     chan struct{}
	code      int // exit code, once ended
}

// start runs percore with these arguments. When the test is over nothing of it is left, which is asserted.
func start(t *testing.T, variables env, args ...string) *service {
	t.Helper()
	return startUnder(t, nil, variables, args...)
}

// startUnder is start with a command such as taskset in front of percore, which it has to become.
func startUnder(t *testing.T, wrapper []string, variables env, args ...string) *service {
	t.Helper()
	if built.skip != "" {
		t.Skip("SKIPPED:", built.skip)
	}
	ports := freePorts(t)
	s := &service{T: t, journal: newJournal(), portsFrom: ports + 1, address: net.JoinHostPort("127.0.0.1", strconv.Itoa(ports)), ended: make(chan struct{})}
	words := slices.Concat(unshareFlags, wrapper, []string{built.percore}, args)
	command := exec.Command("unshare", words...)
	command.Env = environ(s, variables)
	command.Stdout, command.Stderr = s.stdout(), s.stderr()
	command.WaitDelay = time.Second // for output that something left behind holds open
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(s.ended)
		_ = command.Wait() // the state tells more
		s.code = command.ProcessState.ExitCode()
		s.close()
	}()
	t.Cleanup(s.cleanUp)
	s.findPID(command.Process.Pid)
	return s
}

func environ(s *service, variables env) []string {
	all := env{
		"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root",
		"PERCORE_LISTEN": s.address, "PERCORE_PORTS_FROM": strconv.Itoa(s.portsFrom), "PERCORE_LOG_FORMAT": "json",
		"PERCORE_CONTROL": "@percore-pid1-" + s.address, // no command that is meant for another percore of this host comes here
	}
	for name, value := range variables {
		all[name] = value
	}
	var list []string
	for name, value := range all {
		list = append(list, name+"="+value)
	}
	return list
}

// findPID waits until unshare's child has become percore, or is over already.
func (s *service) findPID(unshare int) {
	s.Helper()
	s.await("percore to be executed", func() bool {
		if s.isOver() {
			return true
		}
		pid := onlyChildOf(unshare)
		if pid == 0 {
			return false
		}
		if exe, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid)); exe != built.percore {
			return false
		}
		s.pid = pid
		var err error
		if s.held, err = os.Open(fmt.Sprintf("/proc/%d/ns/pid", pid)); err != nil {
			return false
		}
		s.namespace, err = os.Readlink(fmt.Sprintf("/proc/self/fd/%d", s.held.Fd()))
		return err == nil
	})
}

// onlyChildOf gives the child of a process with one thread and one child; 0 if it has none.
func onlyChildOf(pid int) int {
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	child, _ := strconv.Atoi(strings.TrimSpace(string(children)))
	return child
}

// await waits for a condition and fails the test when it takes longer than patience.
func (s *service) await(what string, condition func() bool) {
	s.Helper()
	s.awaitWithin(patience, what, condition)
}

func (s *service) awaitWithin(limit time.Duration, what string, condition func() bool) {
	s.Helper()
	for deadline := time.Now().Add(limit); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			s.Fatalf("waited %v for %s", limit, what)
		}
	}
}

// awaitReady waits until n workers are ready, and the front door has heard of the last of them.
func (s *service) awaitReady(n int) {
	s.Helper()
	s.await(fmt.Sprintf("%d workers to be ready", n), func() bool {
		if s.isOver() {
			s.Fatalf("percore ended with code %d", s.code)
		}
		return len(s.readyWorkers()) >= n
	})
	s.await("an answer", func() bool { return load.Once(s.get("/")).Count(load.Refused) == 0 })
}

// get is a request to the service.
func (s *service) get(path string) load.Options {
	return load.Options{Address: s.address, Path: path, Timeout: patience}
}

// body asks once and returns the body of the answer, which has to be a 200.
func (s *service) body(path string, header ...string) string {
	s.Helper()
	request := s.get(path)
	request.Header = header
	result := load.Once(request)
	if result.OK() != 1 {
		s.Fatalf("GET %s: %v", path, result)
	}
	return string(result.Body)
}

// signal sends a signal to PID 1.
func (s *service) signal(signal syscall.Signal) {
	s.Helper()
	if err := syscall.Kill(s.pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
		s.Fatalf("send %v to PID 1: %v", signal, err)
	}
}

// stop asks PID 1 to stop, as Docker does, and returns its exit code.
func (s *service) stop() int {
	s.Helper()
	s.signal(syscall.SIGTERM)
	return s.wait()
}

// wait waits for the end of PID 1 and returns its exit code.
func (s *service) wait() int {
	s.Helper()
	s.await("PID 1 to end", s.isOver)
	return s.code
}

func (s *service) isOver() bool {
	select {
	case <-s.ended:
		return true
	default:
		return false
	}
}

// cleanUp ends what is left of the service and asserts that nothing of it survives.
func (s *service) cleanUp() {
	if !s.isOver() && s.pid != 0 {
		_ = syscall.Kill(s.pid, syscall.SIGKILL) // takes the whole namespace along
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	select {
	case <-s.ended:
	case <-ctx.Done():
		s.Errorf("PID 1 outlives SIGKILL")
	}
	if s.held != nil {
		defer s.held.Close()
		if left := processesIn(s.namespace); len(left) > 0 {
			s.Errorf("got %v left behind, want no process", left)
		}
	}
	if s.Failed() {
		s.Log("what percore and its workers said:\n" + s.tail(logLinesMax))
	}
}

// nextPorts is where freePorts looks next: below the ephemeral ports, from which the clients' own connections are taken.
var nextPorts atomic.Int32

const (
	portsMin, portsMax = 20000, 32000
	portsPerService    = 10
)

// freePorts finds consecutive ports at which nobody listens: the public one and one for each worker.
func freePorts(t *testing.T) int {
	t.Helper()
	offset := os.Getpid() * 7 % 1000 * portsPerService // another run of these tests looks elsewhere
	for range (portsMax - portsMin) / portsPerService {
		first := portsMin + (offset+int(nextPorts.Add(portsPerService)))%(portsMax-portsMin)
		if areFree(first) {
			return first
		}
	}
	t.Fatal("no free ports")
	return 0
}

func areFree(first int) bool {
	for port := first; port < first+portsPerService; port++ {
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			return false
		}
		_ = listener.Close()
	}
	return true
}

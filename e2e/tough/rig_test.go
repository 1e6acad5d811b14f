package tough

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

var unshareFlags = []string{"--pid", "--fork", "--mount-proc", "--kill-child"}

// patience is how long anything that should happen at once may take on a busy machine.
const patience = 30 * time.Second

// setup is how a percore is started. What is zero is as usual.
type setup struct {
	env            map[string]string
	wrapper        []string // a command in front of percore, which it has to become
	args           []string // percore's; "demo" when empty
	stdout, stderr *os.File // a file that the journal reads when nil
	terminal       *os.File // of a session of its own; takes the place of stdout and stderr
}

// service is a percore that is PID 1 of its own namespace.
type service struct {
	*testing.T
	journal
	pid     int // of PID 1, as seen from here
	address string
	ended   chan struct{}
	code    int // exit code, once ended
	took    time.Duration
}

// start runs percore. When the test is over nothing of it is left.
func start(t *testing.T, o setup) *service {
	t.Helper()
	if built.skip != "" {
		t.Skip("SKIPPED:", built.skip)
	}
	port := freePorts(t)
	s := &service{
		T: t, address: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), ended: make(chan struct{}),
		journal: journal{path: filepath.Join(t.TempDir(), "log")},
	}
	if len(o.args) == 0 {
		o.args = []string{"demo"}
	}
	command := exec.Command("unshare", slices.Concat(unshareFlags, o.wrapper, []string{built.percore}, o.args)...)
	command.Env = environ(s.address, port+1, o.env)
	s.connect(command, o)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(s.ended)
		_ = command.Wait() // the state tells more
		s.code = command.ProcessState.ExitCode()
	}()
	t.Cleanup(s.cleanUp)
	s.findPID(command.Process.Pid)
	return s
}

// connect gives percore its standard streams.
func (s *service) connect(command *exec.Cmd, o setup) {
	s.Helper()
	file, err := os.OpenFile(s.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { file.Close() })
	command.Stdout, command.Stderr = file, file
	if o.stdout != nil {
		command.Stdout = o.stdout
	}
	if o.stderr != nil {
		command.Stderr = o.stderr
	}
	if o.terminal != nil {
		command.Stdin, command.Stdout, command.Stderr = o.terminal, o.terminal, o.terminal
		command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	}
}

func environ(listen string, portsFrom int, more map[string]string) []string {
	all := map[string]string{
		"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "PERCORE_LISTEN": listen,
		"PERCORE_PORTS_FROM": strconv.Itoa(portsFrom), "PERCORE_LOG_FORMAT": "json", "PERCORE_WORKERS": "1",
		"PERCORE_CONTROL": "@percore-tough-" + listen, // no command that is meant for another percore of this host comes here
	}
	var list []string
	for name, value := range more {
		all[name] = value
	}
	for name, value := range all {
		list = append(list, name+"="+value)
	}
	return list
}

// findPID waits until percore runs below unshare, or is over already.
func (s *service) findPID(unshare int) {
	s.Helper()
	s.await("percore to be executed", func() bool {
		for _, pid := range descendantsOf(unshare, 2) {
			if exe, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid)); exe == built.percore {
				s.pid = pid
			}
		}
		return s.pid != 0 || s.isOver()
	})
}

func (s *service) await(what string, condition func() bool) {
	s.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			s.Fatalf("waited %v for %s", patience, what)
		}
	}
}

// get asks once and says whether the answer was a 200.
func (s *service) get() bool {
	client := http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Get("http://" + s.address + "/")
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	return err == nil && answer.StatusCode == http.StatusOK
}

func (s *service) awaitAnswer() {
	s.Helper()
	s.await("an answer", func() bool {
		if s.isOver() {
			s.Fatalf("percore ended with code %d", s.code)
		}
		return s.get()
	})
}

// stop asks PID 1 to stop, as Docker does, and returns its exit code.
func (s *service) stop() int {
	s.Helper()
	began := time.Now()
	if err := syscall.Kill(s.pid, syscall.SIGTERM); err != nil && !errors.Is(err, syscall.ESRCH) {
		s.Fatal(err)
	}
	code := s.wait()
	s.took = time.Since(began)
	return code
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

// expectStop stops percore and wants code 0, soon.
func (s *service) expectStop() {
	s.Helper()
	if code := s.stop(); code != 0 {
		s.Errorf("exit code: got %d, want 0", code)
	}
	if s.took > patience/6 {
		s.Errorf("the stop took %v, want it within %v", s.took, patience/6)
	}
}

func (s *service) cleanUp() {
	if !s.isOver() && s.pid != 0 {
		_ = syscall.Kill(s.pid, syscall.SIGKILL) // takes the whole namespace along
	}
	<-s.ended
	if s.Failed() {
		text := s.text()
		s.Log("what percore and its workers said:\n" + text[max(0, len(text)-3000):])
	}
}

// nextPorts is where freePorts looks next: below the ephemeral ports, and not where other scenarios look.
var nextPorts atomic.Int32

const (
	portsMin, portsMax = 13000, 19000
	portsPerService    = 10
)

// freePorts finds consecutive ports at which nobody listens: the public one and one for each worker.
func freePorts(t *testing.T) int {
	t.Helper()
	offset := os.Getpid() * 7 % 500 * portsPerService // another run of these tests looks elsewhere
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

// descendantsOf lists the children of a process, theirs, and so on, the nearest last.
func descendantsOf(pid, generations int) []int {
	var list []int
	for _, child := range childrenOf(pid) {
		if generations > 1 {
			list = append(list, descendantsOf(child, generations-1)...)
		}
		list = append(list, child)
	}
	return list
}

// childrenOf lists the children of a process, whichever thread forked them.
func childrenOf(pid int) []int {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	var list []int
	for _, file := range files {
		text, _ := os.ReadFile(file)
		for _, field := range strings.Fields(string(text)) {
			if child, err := strconv.Atoi(field); err == nil {
				list = append(list, child)
			}
		}
	}
	return list
}

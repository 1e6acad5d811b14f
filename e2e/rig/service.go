package rig

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"

	"percore/e2e/proc"
	"percore/e2e/program"
)

// portsOfService are the public port and those of up to nine workers.
const portsOfService = 10

// Setup is how a percore is started. What is zero is as usual.
type Setup struct {
	// Env is the environment, beside where to listen, a control socket that no command finds which is meant for another
	// percore of this host, and a log in JSON. Each of them can be replaced.
	Env map[string]string

	Wrapper  []string // a command in front of percore, which it has to become, or to have as a child
	Args     []string // percore's
	LogFile  bool     // the journal follows a file, in which no line is ever dropped
	Stdout   *os.File // takes the place of the journal
	Stderr   *os.File // likewise
	Terminal *os.File // of a session of its own; takes the place of stdin, stdout and stderr
}

// Service is a percore that is PID 1 of its own namespace, or runs in one below its wrapper.
type Service struct {
	*Process         // signals go to percore, the exit code is PID 1's
	Address   string // of the public listener
	PortsFrom int    // worker i has this port + i
	Control   string // the control socket; commands are let in when it is a file: they come from another pid namespace

	percore   string   // path of the binary
	namespace string   // as in /proc/PID/ns/pid
	held      *os.File // keeps the namespace, and so its name, from being used again
}

// Start runs percore. When the test is over nothing of it is left, which is asserted.
func (k *Kit) Start(t *testing.T, o Setup) *Service {
	t.Helper()
	k.NeedPID1(t)
	port := FreePorts(t, portsOfService)
	s := &Service{Address: program.Loopback(port), PortsFrom: port + 1, percore: k.Percore}
	words := program.AsPID1(slices.Concat(o.Wrapper, []string{k.Percore}, o.Args)...)
	command := exec.Command(words[0], words[1:]...)
	command.Env = s.environ(k.Name, o.Env)
	s.Process = start(t, o.connect(t, command), command)
	t.Cleanup(s.cleanUp)
	s.findPID()
	return s
}

// Attach is a service that something else has started and ends, such as a container engine.
func Attach(t *testing.T, pid int, address string) *Service {
	return &Service{Process: &Process{T: t, Journal: &Journal{}, PID: pid}, Address: address}
}

// connect gives percore its standard streams, as far as they are not the journal's, which it returns.
func (o *Setup) connect(t *testing.T, command *exec.Cmd) *Journal {
	t.Helper()
	journal := &Journal{}
	if o.LogFile {
		path := filepath.Join(t.TempDir(), "log")
		file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		if err == nil {
			t.Cleanup(func() { file.Close() })
			command.Stdout, command.Stderr = file, file
			err = journal.FollowFile(path)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if o.Stdout != nil { // a nil *os.File is no nil io.Writer
		command.Stdout = o.Stdout
	}
	if o.Stderr != nil {
		command.Stderr = o.Stderr
	}
	if o.Terminal != nil {
		command.Stdin, command.Stdout, command.Stderr = o.Terminal, o.Terminal, o.Terminal
		command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	}
	return journal
}

func (s *Service) environ(name string, more map[string]string) []string {
	all := map[string]string{
		"PERCORE_LISTEN": s.Address, "PERCORE_PORTS_FROM": strconv.Itoa(s.PortsFrom), "PERCORE_LOG_FORMAT": "json",
		"PERCORE_CONTROL": "@percore-" + name + "-" + s.Address,
	}
	maps.Copy(all, more)
	s.Control = all["PERCORE_CONTROL"]
	list := program.BareEnviron()
	for name, value := range all {
		list = append(list, name+"="+value)
	}
	return list
}

// findPID waits until percore runs below unshare, or all is over already.
func (s *Service) findPID() {
	s.Helper()
	unshare := s.running.PID()
	s.Await("percore to be executed", func() bool {
		if s.IsOver() {
			return true
		}
		for _, pid := range proc.Family(unshare)[1:] { // the nearest first: the processes below it may execute the same file
			if proc.Executable(pid) == s.percore {
				s.PID = pid
				return s.hold() == nil
			}
		}
		return false
	})
}

// hold keeps the namespace of percore, and learns its name.
func (s *Service) hold() (err error) {
	if s.held, err = os.Open(fmt.Sprintf("/proc/%d/ns/pid", s.PID)); err != nil {
		return err
	}
	s.namespace, err = os.Readlink(fmt.Sprintf("/proc/self/fd/%d", s.held.Fd()))
	return err
}

// cleanUp ends what is left of the service and asserts that nothing of it survives.
func (s *Service) cleanUp() {
	if !s.IsOver() && s.PID != 0 {
		_ = syscall.Kill(s.PID, syscall.SIGKILL) // takes the whole namespace along
	}
	if err := program.Await(Patience, "the end", s.IsOver); err != nil {
		s.Errorf("percore outlives SIGKILL: %v", err)
		s.running.Kill() // and all below it, by --kill-child
	}
	if s.held != nil {
		defer s.held.Close()
		if left := proc.In(s.namespace); len(left) > 0 {
			s.Errorf("got %v left behind, want no process", left)
		}
	}
	s.showIfFailed()
}

package rig

import (
	"strconv"
	"strings"
	"syscall"

	"percore/e2e/proc"
)

// Processes lists what runs in the service's namespace, PID 1 included.
func (s *Service) Processes() []proc.Process { return proc.In(s.namespace) }

// Find returns the process that has this pid inside.
func (s *Service) Find(inside int) (proc.Process, bool) {
	for _, p := range s.Processes() {
		if p.Inside == inside {
			return p, true
		}
	}
	return proc.Process{}, false
}

// Named waits for the process that the log calls so, and returns it.
func (s *Service) Named(name string) proc.Process {
	s.Helper()
	var found proc.Process
	s.Await("the process "+name, func() (ok bool) {
		l, ok := s.Alive(false)[name]
		if ok {
			found, ok = s.Find(l.PID)
		}
		return ok
	})
	return found
}

// Front waits for the front door's process, and returns it.
func (s *Service) Front() proc.Process {
	s.Helper()
	return s.Named(FrontName)
}

// Worker waits for the process of worker i, and returns it.
func (s *Service) Worker(i int) proc.Process {
	s.Helper()
	return s.Named(s.WorkerName(i))
}

// WorkerName waits for worker i to be started and returns what the log calls it.
func (s *Service) WorkerName(i int) (name string) {
	s.Helper()
	suffix := "-" + strconv.Itoa(s.PortsFrom+i)
	s.Await("worker "+strconv.Itoa(i), func() bool {
		for title := range s.Alive(false) {
			if strings.HasSuffix(title, suffix) {
				name = title
			}
		}
		return name != ""
	})
	return name
}

// Kill sends SIGKILL to a process of the service.
func (s *Service) Kill(p proc.Process) {
	s.Helper()
	if err := syscall.Kill(p.PID, syscall.SIGKILL); err != nil {
		s.Fatalf("kill %v: %v", p, err)
	}
}

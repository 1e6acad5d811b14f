package rig

import (
	"os/exec"
	"strings"
)

// Command prepares a control command that reaches this service alone.
func (s *Service) Command(args ...string) *exec.Cmd {
	command := exec.Command(s.percore, args...)
	command.Env = []string{"PERCORE_CONTROL=" + s.Control}
	return command
}

// Ctl makes a control command and returns its exit code and what it printed, but for whom it reached, which stands on stderr.
func (s *Service) Ctl(args ...string) (text string, code int) {
	s.Helper()
	return Output(s.T, s.Command(args...))
}

// Succeed is Ctl for a command that has to exit with 0.
func (s *Service) Succeed(args ...string) string {
	s.Helper()
	text, code := s.Ctl(args...)
	if code != 0 {
		s.Errorf("percore %s: got code %d and\n%s\nwant 0", strings.Join(args, " "), code, text)
	}
	return text
}

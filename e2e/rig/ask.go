package rig

import (
	"fmt"
	"net"
	"strconv"
	"time"

	"percore/e2e/load"
)

// AwaitReady waits until n workers are ready, and the front door has heard of the last of them.
func (s *Service) AwaitReady(n int) {
	s.Helper()
	s.Await(fmt.Sprintf("%d workers to be ready", n), func() bool {
		s.expectLife()
		return len(s.ReadyWorkers()) >= n
	})
	s.Await("an answer", func() bool { return load.Once(s.Get("/")).Count(load.Refused) == 0 })
}

// AwaitAnswer waits until a GET is answered, for services whose log is nowhere to be read.
func (s *Service) AwaitAnswer() {
	s.Helper()
	s.Await("an answer", func() bool {
		s.expectLife()
		return s.Answers()
	})
}

// expectLife fails the test at once when percore has ended.
func (s *Service) expectLife() {
	s.Helper()
	if s.IsOver() {
		s.Fatalf("percore ended with code %d", s.Code())
	}
}

// Answers asks once and reports whether the answer was a 200.
func (s *Service) Answers() bool { return load.Once(s.Get("/")).OK() == 1 }

// Get is a request to the service.
func (s *Service) Get(path string) load.Options {
	return load.Options{Address: s.Address, Path: path, Timeout: Patience}
}

// Body asks once and returns the body of the answer, which has to be a 200.
func (s *Service) Body(path string, header ...string) string {
	s.Helper()
	request := s.Get(path)
	request.Header = header
	result := load.Once(request)
	if result.OK() != 1 {
		s.Fatalf("GET %s: %v", path, result)
	}
	return string(result.Body)
}

// Port is that of Address.
func (s *Service) Port() int {
	_, text, _ := net.SplitHostPort(s.Address)
	port, _ := strconv.Atoi(text)
	return port
}

// Connect opens a connection to the service, which the test's end closes.
func (s *Service) Connect() net.Conn {
	s.Helper()
	conn, err := net.Dial("tcp", s.Address)
	if err != nil {
		s.Fatal(err)
	}
	_ = conn.SetDeadline(time.Now().Add(Patience))
	s.Cleanup(func() { _ = conn.Close() })
	return conn
}

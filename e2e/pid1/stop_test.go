package pid1

import (
	"fmt"
	"net"
	"syscall"
	"testing"
	"time"

	"percore/e2e/load"
)

func TestAStopUnderLoadLosesNoRequest(t *testing.T) {
	for _, test := range []struct {
		name      string
		keepAlive bool
	}{
		{"with a connection for each request", false},
		{"with kept connections", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			for range 3 {
				s := startTornado(t, 2, nil)
				request := s.get("/")
				request.Clients, request.KeepAlive, request.Check = 16, test.keepAlive, greeting
				run := load.Start(request)
				s.await("load", moreAnswers(run, 200))
				began := time.Now()
				code := s.stop()
				took := time.Since(began)
				got := run.Stop()
				if code != 0 || took > 9*time.Second {
					t.Errorf("got exit code %d after %v, want 0 within the 9 s", code, took)
				}
				if got.Lost() > 0 || got.IdleReset > 0 || got.Count(load.NoConnection) > 0 {
					t.Errorf("got %v, want nothing lost", got)
				}
				t.Logf("stopped after %v; %d refused later", took, got.Count(load.Refused))
			}
		})
	}
}

func TestASlowRequestInFlightIsAnsweredBeforeTheEnd(t *testing.T) {
	s := startTornado(t, 2, nil)
	for _, request := range []load.Options{s.get("/slow?s=2"), s.get("/slow?s=1")} {
		request.KeepAlive = true
		run := load.Start(request)
		defer func() {
			if got := run.Stop(); got.OK() != 1 || got.Lost() > 0 {
				t.Errorf("got %v, want 1 right answer and nothing lost", got)
			}
		}()
	}
	s.await("both requests to be on their way", func() bool { return s.clientsConnected() >= 2 })
	began := time.Now()
	if code := s.stop(); code != 0 {
		t.Errorf("got exit code %d, want 0", code)
	}
	if took := time.Since(began); took < time.Second || took > 4*time.Second {
		t.Errorf("got the end after %v, want it soon after the 2 s of the slower request", took)
	}
}

// clientsConnected counts the established connections of the public listener.
func (s *service) clientsConnected() int {
	_, port, _ := net.SplitHostPort(s.address)
	return establishedAt(port)
}

func TestAnIdleConnectionIsClosedProperly(t *testing.T) {
	s := start(t, env{"PERCORE_WORKERS": "1"}, "demo")
	s.awaitReady(1)
	fresh, used := s.connect(), s.connect()
	fmt.Fprintf(used, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", s.address)
	answer := make([]byte, 4096)
	if n, err := used.Read(answer); err != nil || greetingIn(answer[:n]) != nil {
		t.Fatalf("got %q, %v, want an answer", answer[:n], err)
	}
	s.signal(syscall.SIGTERM)
	for name, conn := range map[string]net.Conn{"one that was never used": fresh, "one that was": used} {
		n, err := conn.Read(answer)
		if n != 0 || err == nil || err.Error() != "EOF" {
			t.Errorf("%s: got %q, %v, want the end of the stream", name, answer[:n], err)
		}
	}
	if code := s.wait(); code != 0 {
		t.Errorf("got exit code %d, want 0", code)
	}
}

func TestARequestOnAKeptConnectionDuringTheStopIsAnswered(t *testing.T) {
	s := start(t, env{"PERCORE_WORKERS": "1"}, "demo")
	s.awaitReady(1)
	conn := s.connect()
	answer := make([]byte, 4096)
	for i := range 2 {
		fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", s.address)
		n, err := conn.Read(answer)
		if err != nil || greetingIn(answer[:n]) != nil {
			t.Fatalf("request %d: got %q, %v, want an answer", i, answer[:n], err)
		}
		if i == 0 {
			s.signal(syscall.SIGTERM)
			s.await("the stop to begin", func() bool { return s.said("stopping") })
		}
	}
	if code := s.wait(); code != 0 {
		t.Errorf("got exit code %d, want 0", code)
	}
}

func TestASecondSIGTERMEndsAtOnce(t *testing.T) {
	s := start(t, env{"PERCORE_WORKERS": "1"}, serveCommand()...)
	s.awaitReady(1)
	run := load.Start(s.get("/slow?for=15s"))
	s.await("the request to be on its way", func() bool { return s.clientsConnected() >= 1 })
	s.signal(syscall.SIGTERM)
	s.await("the stop to begin", func() bool { return s.said("stopping") })
	began := time.Now()
	code := s.stop()
	if took := time.Since(began); took > time.Second || code != 0 {
		t.Errorf("got exit code %d after %v, want 0 at once", code, took)
	}
	run.Stop()
}

func TestAStopWhileNobodyIsReadyAnswersThoseWhoWait(t *testing.T) {
	s := start(t, env{"PERCORE_WORKERS": "1", "PERCORE_READY": "http:/exists?file=/nowhere"}, serveCommand()...)
	s.await("the front door", func() bool { return s.said("worker ready", frontName) })
	request := s.get("/")
	request.Clients, request.Status = 4, 503
	run := load.Start(request)
	s.await("requests that wait", func() bool { return s.clientsConnected() >= 4 })
	began := time.Now()
	code := s.stop()
	took := time.Since(began)
	if got := run.Stop(); got.Count(load.OK) < 4 || got.Lost() > 0 {
		t.Errorf("got %v, want status 503 for all that waited", got)
	}
	if code != 0 || took > 4*time.Second {
		t.Errorf("got exit code %d after %v, want 0 soon", code, took)
	}
}

// connect opens a connection to the service, which the test's end closes.
func (s *service) connect() net.Conn {
	s.Helper()
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		s.Fatal(err)
	}
	_ = conn.SetDeadline(time.Now().Add(patience))
	s.Cleanup(func() { _ = conn.Close() })
	return conn
}

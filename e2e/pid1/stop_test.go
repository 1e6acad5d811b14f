package pid1

import (
	"fmt"
	"net"
	"syscall"
	"testing"
	"time"

	"percore/e2e/load"
	"percore/e2e/proc"
	"percore/e2e/rig"
)

// stopBudget is that of every stop here. soon is less: only what hangs takes the budget, however busy the machine is. late is
// more, for what may take it: the test hears of the end a little later.
const (
	stopBudget = 9 * time.Second
	soon       = 8 * time.Second
	late       = stopBudget + 3*time.Second
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
				request := s.Get("/")
				request.Clients, request.KeepAlive, request.Check = 16, test.keepAlive, greeting
				run := load.Start(request)
				s.Await("load", moreAnswers(run, 200))
				began := time.Now()
				code := s.Stop()
				took := time.Since(began)
				got := run.Stop()
				if code != 0 || took > late {
					t.Errorf("got exit code %d after %v, want 0 within the %v", code, took, stopBudget)
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
	began := time.Now()
	for _, request := range []load.Options{s.Get("/slow?s=4"), s.Get("/slow?s=1")} {
		request.KeepAlive = true
		run := load.Start(request)
		defer func() {
			if got := run.Stop(); got.OK() != 1 || got.Lost() > 0 {
				t.Errorf("got %v, want 1 right answer and nothing lost", got)
			}
		}()
	}
	s.Await("both requests to be on their way", func() bool { return s.clientsConnected() >= 2 })
	asked := time.Now()
	if code := s.Stop(); code != 0 {
		t.Errorf("got exit code %d, want 0", code)
	}
	if lived := time.Since(began); lived < 4*time.Second || time.Since(asked) > soon {
		t.Errorf("got the end %v after the requests and %v after the signal, want it soon after the 4 s of the slower one", lived, time.Since(asked))
	}
}

// clientsConnected counts the established connections of the public listener.
func (s *service) clientsConnected() int {
	return proc.Established(s.Port())
}

func TestAnIdleConnectionIsClosedProperly(t *testing.T) {
	s := start(t, env{"PERCORE_WORKERS": "1"}, "demo")
	s.AwaitReady(1)
	fresh, used := s.Connect(), s.Connect()
	fmt.Fprintf(used, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", s.Address)
	answer := make([]byte, 4096)
	if n, err := used.Read(answer); err != nil || greetingIn(answer[:n]) != nil {
		t.Fatalf("got %q, %v, want an answer", answer[:n], err)
	}
	s.Signal(syscall.SIGTERM)
	for name, conn := range map[string]net.Conn{"one that was never used": fresh, "one that was": used} {
		n, err := conn.Read(answer)
		if n != 0 || err == nil || err.Error() != "EOF" {
			t.Errorf("%s: got %q, %v, want the end of the stream", name, answer[:n], err)
		}
	}
	if code := s.Wait(); code != 0 {
		t.Errorf("got exit code %d, want 0", code)
	}
}

func TestARequestOnAKeptConnectionDuringTheStopIsAnswered(t *testing.T) {
	s := start(t, env{"PERCORE_WORKERS": "1"}, "demo")
	s.AwaitReady(1)
	conn := s.Connect()
	answer := make([]byte, 4096)
	for i := range 2 {
		fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", s.Address)
		n, err := conn.Read(answer)
		if err != nil || greetingIn(answer[:n]) != nil {
			t.Fatalf("request %d: got %q, %v, want an answer", i, answer[:n], err)
		}
		if i == 0 {
			s.Signal(syscall.SIGTERM)
			s.Await("the stop to begin", func() bool { return s.Said("stopping") })
		}
	}
	if code := s.Wait(); code != 0 {
		t.Errorf("got exit code %d, want 0", code)
	}
}

func TestASecondSIGTERMEndsAtOnce(t *testing.T) {
	s := start(t, env{"PERCORE_WORKERS": "1"}, serveCommand()...)
	s.AwaitReady(1)
	run := load.Start(s.Get("/slow?for=15s"))
	s.Await("the request to be on its way", func() bool { return s.clientsConnected() >= 1 })
	s.Signal(syscall.SIGTERM)
	s.Await("the stop to begin", func() bool { return s.Said("stopping") })
	began := time.Now()
	code := s.Stop()
	if took := time.Since(began); took > soon || code != 0 {
		t.Errorf("got exit code %d after %v, want 0 at once", code, took)
	}
	run.Stop()
}

func TestAStopWhileNobodyIsReadyAnswersThoseWhoWait(t *testing.T) {
	s := start(t, env{"PERCORE_WORKERS": "1", "PERCORE_READY": "http:/exists?file=/nowhere"}, serveCommand()...)
	s.Await("the front door", func() bool { return s.Said("worker ready", rig.FrontName) })
	request := s.Get("/")
	request.Clients, request.Status = 4, 503
	run := load.Start(request)
	s.Await("requests that wait", func() bool { return s.clientsConnected() >= 4 })
	began := time.Now()
	code := s.Stop()
	took := time.Since(began)
	if got := run.Stop(); got.Count(load.OK) < 4 || got.Lost() > 0 {
		t.Errorf("got %v, want status 503 for all that waited", got)
	}
	if code != 0 || took > soon {
		t.Errorf("got exit code %d after %v, want 0 soon", code, took)
	}
}

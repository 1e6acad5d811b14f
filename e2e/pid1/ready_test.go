package pid1

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"percore/e2e/load"
)

func TestRequestsWaitUntilAWorkerSaysThatItIsReady(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ready")
	s := start(t, env{"PERCORE_WORKERS": "1", "PERCORE_READY": "http:/exists?file=" + file}, serveCommand()...)
	s.await("the front door", func() bool { return s.said("worker ready", frontName) })
	request := s.get("/")
	request.Clients, request.Check = 4, greeting
	run := load.Start(request)
	s.await("requests at the front door", func() bool { return s.clientsConnected() >= 4 })
	if got := run.Result(); got.OK()+got.Failed() > 0 {
		t.Errorf("got %v before the worker was ready, want nothing yet", got)
	}
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	s.await("answers", moreAnswers(run, 4))
	if got := run.Stop(); got.Failed() > 0 {
		t.Errorf("got %v, want no failure", got)
	}
}

func TestAWorkerThatIsNotReadyInTimeIsAFailedStart(t *testing.T) {
	s := start(t, env{"PERCORE_WORKERS": "1", "PERCORE_READY": "http:/exists?file=/nowhere", "PERCORE_READY_TIMEOUT": "0.3", "PERCORE_STARTRETRIES": "1"}, serveCommand()...)
	if code := s.wait(); code != 137 {
		t.Errorf("got exit code %d, want 137 as it was killed", code)
	}
	if got := len(s.messages("worker is not ready in time")); got != 2 {
		t.Errorf("got %d times not ready in time, want 2", got)
	}
}

func TestWithREADYnoneAWorkerIsReadyAtOnce(t *testing.T) {
	// It does not even listen.
	s := start(t, env{"PERCORE_WORKERS": "1", "PERCORE_READY": "none"}, "sleep", "300")
	s.await("the worker to be ready", func() bool { return len(s.readyWorkers()) == 1 })
	ready := s.messages("worker ready")[0]
	if took := ready.Time.Sub(s.messages("worker started")[0].Time); took > 100*time.Millisecond {
		t.Errorf("got ready after %v, want it at once", took)
	}
}

func TestModeNoneHasNoListenerAndNoFrontDoor(t *testing.T) {
	s := start(t, env{"PERCORE_WORKERS": "2", "PERCORE_MODE": "none", "PERCORE_READY": "none"}, "sleep", "300")
	s.await("the workers", func() bool { return len(s.readyWorkers()) == 2 })
	if got := len(s.processes()); got != 3 {
		t.Errorf("got %v, want PID 1 and two workers", s.processes())
	}
	if got := load.Once(s.get("/")); got.Count(load.Refused) != 1 {
		t.Errorf("got %v, want the connection refused", got)
	}
	if code := s.stop(); code != 0 {
		t.Errorf("got exit code %d, want 0", code)
	}
}

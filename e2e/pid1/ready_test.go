package pid1

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"percore/e2e/load"
	"percore/e2e/rig"
)

func TestRequestsWaitUntilAWorkerSaysThatItIsReady(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ready")
	s := start(t, env{"PERCORE_WORKERS": "1", "PERCORE_READY": "http:/exists?file=" + file}, serveCommand()...)
	s.Await("the front door", func() bool { return s.Said("worker ready", rig.FrontName) })
	request := s.Get("/")
	request.Clients, request.Check = 4, greeting
	run := load.Start(request)
	s.Await("requests at the front door", func() bool { return s.clientsConnected() >= 4 })
	if got := run.Result(); got.OK()+got.Failed() > 0 {
		t.Errorf("got %v before the worker was ready, want nothing yet", got)
	}
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	s.Await("answers", moreAnswers(run, 4))
	if got := run.Stop(); got.Failed() > 0 {
		t.Errorf("got %v, want no failure", got)
	}
}

func TestAWorkerThatIsNotReadyInTimeIsAFailedStart(t *testing.T) {
	s := start(t, env{"PERCORE_WORKERS": "1", "PERCORE_READY": "http:/exists?file=/nowhere", "PERCORE_READY_TIMEOUT": "0.3", "PERCORE_STARTRETRIES": "1"}, serveCommand()...)
	if code := s.Wait(); code != 137 {
		t.Errorf("got exit code %d, want 137 as it was killed", code)
	}
	if got := len(s.WorkerLines("worker is not ready in time")); got != 2 {
		t.Errorf("got %d times not ready in time, want 2", got)
	}
}

func TestWithREADYnoneAWorkerIsReadyAtOnce(t *testing.T) {
	// It does not even listen.
	s := start(t, env{"PERCORE_WORKERS": "1", "PERCORE_READY": "none"}, "sleep", "300")
	s.Await("the worker to be ready", func() bool { return len(s.ReadyWorkers()) == 1 })
	ready := s.WorkerLines("worker ready")[0]
	rig.WantWithin(t, "ready after the start", ready.Time.Sub(s.WorkerLines("worker started")[0].Time), 100*time.Millisecond)
}

func TestModeNoneHasNoListenerAndNoFrontDoor(t *testing.T) {
	s := start(t, env{"PERCORE_WORKERS": "2", "PERCORE_MODE": "none", "PERCORE_READY": "none"}, "sleep", "300")
	s.Await("the workers", func() bool { return len(s.ReadyWorkers()) == 2 })
	if got := len(s.Processes()); got != 3 {
		t.Errorf("got %v, want PID 1 and two workers", s.Processes())
	}
	if got := load.Once(s.Get("/")); got.Count(load.Refused) != 1 {
		t.Errorf("got %v, want the connection refused", got)
	}
	if code := s.Stop(); code != 0 {
		t.Errorf("got exit code %d, want 0", code)
	}
}

package pid1

import (
	"strings"
	"testing"
	"time"

	"percore/e2e/load"
)

func TestAUTORESTARTAndEXITCODESSayWhatIsFinal(t *testing.T) {
	for _, tt := range []struct {
		name, autorestart, exitcodes, line string
		code                               int // below 0: it is restarted
	}{
		{"true restarts after success", "true", "", "exit 0", -1},
		{"false does not", "false", "", "exit 0", 0},
		{"nor after a failure", "false", "", "exit 9", 9},
		{"unexpected knows 0", "unexpected", "", "exit 0", 0},
		{"unexpected restarts after another code", "unexpected", "", "exit 9", -1},
		{"unless it is expected", "unexpected", "0,9", "exit 9", 9},
		{"a signal is never expected", "unexpected", "0,143", "kill -TERM $$", -1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := script(t, env{"PERCORE_LISTEN": "", "PERCORE_AUTORESTART": tt.autorestart, "PERCORE_EXITCODES": tt.exitcodes, "PERCORE_STARTSECS": "0"},
				"sleep 0.1; "+tt.line)
			if tt.code < 0 {
				s.Await("a second process", func() bool { return len(s.WorkerLines("worker started")) > 1 })
				s.Stop()
				return
			}
			if got := s.Wait(); got != tt.code {
				t.Errorf("exit code: got %d, want %d", got, tt.code)
			}
			if got := len(s.WorkerLines("worker started")); got != 1 {
				t.Errorf("got %d processes, want 1", got)
			}
		})
	}
}

func TestSTARTSECSTellsAFailedStartFromALostWorker(t *testing.T) {
	for startsecs, next := range map[string]string{"0": "restarted", "60": "backoff"} {
		t.Run(startsecs, func(t *testing.T) {
			s := script(t, env{"PERCORE_STARTSECS": startsecs}, "sleep 0.1; exit 1")
			s.Await("the end", func() bool { return len(s.WorkerLines("worker ended")) > 0 })
			if got := s.WorkerLines("worker ended")[0].Next; !strings.HasPrefix(got, next) {
				t.Errorf("next: got %q, want %q", got, next)
			}
			s.Stop()
		})
	}
}

func TestSTOPSIGNALIsFollowedBySIGKILLAfterSTOPWAITSECS(t *testing.T) {
	s := script(t, env{"PERCORE_STOPSIGNAL": "INT", "PERCORE_STOPWAITSECS": "0.5"},
		`trap 'echo got INT' INT; trap 'echo got TERM' TERM; echo up; while :; do sleep 0.05; done`)
	s.Await("the worker", func() bool { return len(s.output(true)) == 1 })
	begun := time.Now()
	if code := s.Stop(); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
	if took := time.Since(begun); took < 500*time.Millisecond || took > soon {
		t.Errorf("stop: got %v, want half a second for the worker, and not the whole budget", took)
	}
	if got := strings.Join(s.output(true), "|"); got != "up|got INT" {
		t.Errorf("stdout: got %q, want INT alone", got)
	}
	if got := s.WorkerLines("worker ended")[0].Reason; !strings.HasPrefix(got, "killed by SIGKILL") {
		t.Errorf("reason: got %q, want SIGKILL", got)
	}
}

func TestLAMEDUCKKeepsAccepting(t *testing.T) {
	s := start(t, env{"PERCORE_WORKERS": "1", "PERCORE_LAME_DUCK": "5", "PERCORE_STOP_TIMEOUT": "9"}, serveCommand()...)
	s.AwaitReady(1)
	begun := time.Now()
	s.Signal(15)
	s.Await("the stop to begin", func() bool { return s.Said(`"msg":"stopping"`) })
	for time.Since(begun) < time.Second {
		if result := load.Once(s.Get("/")); result.OK() != 1 {
			t.Fatalf("%v after SIGTERM: got %v, want an answer", time.Since(begun), result)
		}
	}
	if code := s.Wait(); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
	if took := time.Since(begun); took < 5*time.Second {
		t.Errorf("stop: got %v, want at least the 5s of LAME_DUCK", took)
	}
}

package pid1

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestPRESTARTRunsBeforeEverythingElse(t *testing.T) {
	s := start(t, env{
		"PERCORE_WORKERS": "1", "PERCORE_USER": "65534:65534", "PERCORE_LOG_PREFIX": "true",
		"PERCORE_PRESTART": `sh -c 'sleep 0.2; echo migrated as $(id -u) {name} "$PORT"'`,
	}, serveCommand()...)
	s.AwaitReady(1)
	started := s.WorkerLines("worker started")
	if len(started) != 2 || started[0].Process != "percore:prestart" {
		t.Fatalf("got %d processes, the first %+v, want prestart and then the worker", len(started), started)
	}
	if done := s.WorkerLines("prestart done"); len(done) != 1 || started[1].Time.Before(done[0].Time) {
		t.Errorf("got the worker started before prestart was done")
	}
	if !s.Said("prestart: migrated as 65534 prestart") {
		t.Error("got no output of prestart, want it prefixed, by the workers' user")
	}
	if code := s.Stop(); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
}

func TestAPRESTARTThatFailsEndsTheContainer(t *testing.T) {
	for command, want := range map[string]int{
		`sh -c 'echo "no database" >&2; exit 4'`: 4, "sh -c 'kill -TERM $$'": 143, "/no/such/command": 127, "/etc/passwd": 126,
	} {
		t.Run(command, func(t *testing.T) {
			s := start(t, env{"PERCORE_PRESTART": command, "PERCORE_EXIT_ON": "never"}, serveCommand()...)
			if code := s.Wait(); code != want {
				t.Errorf("exit code: got %d, want %d", code, want)
			}
			if !s.Said("nothing is started: prestart failed") {
				t.Error("got no line that says why")
			}
			for _, l := range s.WorkerLines("worker started") {
				if l.Process != "percore:prestart" {
					t.Errorf("got %s started, want nothing", l.Process)
				}
			}
			if want == 4 && !s.Said("fleet ended", `"last_lines":"no database"`) {
				t.Error("got no last lines of prestart")
			}
		})
	}
}

func TestASTOPDuringPRESTARTIsObeyed(t *testing.T) {
	for name, line := range map[string]string{"one that obeys": "exec sleep 100", "one that does not": "trap '' TERM; while :; do sleep 0.1; done"} {
		t.Run(name, func(t *testing.T) {
			s := start(t, env{"PERCORE_PRESTART": "sh -c '" + strings.ReplaceAll(line, "'", `'"'"'`) + "'", "PERCORE_STOP_TIMEOUT": "2"}, serveCommand()...)
			s.Named("percore:prestart")
			begin := time.Now()
			if code := s.Stop(); code != 0 {
				t.Errorf("exit code: got %d, want 0", code)
			}
			if took := time.Since(begin); took > late {
				t.Errorf("stop: got %v, want it in about the budget of 2s", took)
			}
			if got := len(s.WorkerLines("worker started")); got != 1 {
				t.Errorf("got %d processes started, want prestart alone", got)
			}
		})
	}
}

func TestASignalToPRESTARTAloneIsItsFailure(t *testing.T) {
	s := start(t, env{"PERCORE_PRESTART": "sleep 100"}, serveCommand()...)
	p := s.Named("percore:prestart")
	if err := syscall.Kill(p.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if code := s.Wait(); code != 137 {
		t.Errorf("exit code: got %d, want 137", code)
	}
}

func TestNothingIsStartedByOrderDuringPRESTART(t *testing.T) {
	done := filepath.Join(t.TempDir(), "done")
	c := beginControlled(t, 1, env{"PERCORE_PRESTART": "sh -c 'while [ ! -e " + done + " ]; do sleep 0.05; done'"})
	c.Named("percore:prestart")
	for _, args := range [][]string{{"start", "all"}, {"restart", "all"}, {"restart", "--hard", "all"}, {"start", c.name(0)}, {"restart", c.name(0)}} {
		want := "ERROR: " + args[0] + ": prestart is still running"
		if text, code := c.Ctl(args...); code == 0 || !strings.Contains(text, want) {
			t.Errorf("percore %s: got code %d and %q, want %q", strings.Join(args, " "), code, text, want)
		}
	}
	scale := c.Command("scale", "2")
	if err := scale.Start(); err != nil {
		t.Fatal(err)
	}
	if got := len(c.WorkerLines("worker started")); got != 1 {
		t.Errorf("got %d processes started, want prestart alone", got)
	}
	if err := os.WriteFile(done, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := scale.Wait(); err != nil {
		t.Errorf("scale: got %v, want it carried out after prestart", err)
	}
	if got := len(c.pids()); got != 2 {
		t.Errorf("got %d workers, want 2", got)
	}
}

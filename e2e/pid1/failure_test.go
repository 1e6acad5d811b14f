package pid1

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"percore/e2e/load"
	"percore/e2e/rig"
)

func TestAnApplicationThatCrashesAtStartEndsTheContainerWithItsCode(t *testing.T) {
	s := start(t, env{"PERCORE_WORKERS": "2", "PERCORE_STARTRETRIES": "2"},
		"/bin/sh", "-c", "echo 'Traceback: no such table' >&2; exit 3")
	if code := s.Wait(); code != 3 {
		t.Errorf("got exit code %d, want the worker's 3", code)
	}
	next := map[string]int{}
	for _, l := range s.WorkerLines("worker ended") {
		before, _, _ := strings.Cut(l.Next, " ")
		next[before]++
	}
	if next["backoff"] != 2 || next["fatal"] != 1 || next["waits"] != 1 {
		t.Errorf("got %v, want 2 backoffs and 1 fatal of one worker, and the other to wait for it", next)
	}
	last := s.All(func(rig.Line) bool { return true })
	if text := last[len(last)-1].Text; !strings.Contains(text, "fleet ended") || !strings.Contains(text, "exited with code 3") ||
		!strings.Contains(text, "and said last: Traceback: no such table") {
		t.Errorf("got %s at the end, want a sentence with the reason and the worker's last words", text)
	}
}

func TestACommandThatCannotBeRunHasTheShellsCodes(t *testing.T) {
	plain := filepath.Join(t.TempDir(), "main.py")
	if err := os.WriteFile(plain, []byte("print('no #! line')\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, command string
		want          int
	}{
		{"one that is not there ends with 127", "/no/such/command", 127},
		{"one that is not in PATH ends with 127", "no-such-command", 127},
		{"one that is not executable ends with 126", plain, 126},
		{"a directory ends with 126", t.TempDir(), 126},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := start(t, nil, test.command)
			if code := s.Wait(); code != test.want || !s.Said(test.command) {
				t.Errorf("got exit code %d, want %d and the command in the log", code, test.want)
			}
		})
	}
}

func TestAConfigurationThatIsWrongEndsTheStartWith2(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, test := range []struct {
		name      string
		variables env
		args      []string
		want      []string
	}{
		{"a typo is answered with the right spelling", env{"PERCORE_WORKRES": "2"}, []string{"demo"}, []string{"PERCORE_WORKRES", "PERCORE_WORKERS"}},
		{
			"five faults are shown at once",
			env{"PERCORE_WORKERS": "many", "PERCORE_STOPSIGNAL": "SIGFOO", "PERCORE_READY": "maybe", "PERCORE_STARTSECS": "soon", "PERCORE_CLIENT_MAX_BODY_SIZE": "1XB"},
			[]string{"demo"},
			[]string{"PERCORE_WORKERS", "PERCORE_STOPSIGNAL", "PERCORE_READY", "PERCORE_STARTSECS", "PERCORE_CLIENT_MAX_BODY_SIZE", "many", "SIGFOO"},
		},
		{"no command is explained", nil, nil, []string{"no command", "PERCORE_COMMAND"}},
		{
			"a port that is taken is answered with advice",
			env{"PERCORE_LISTEN": taken.Addr().String()},
			[]string{"demo"},
			[]string{taken.Addr().String(), "PERCORE_LISTEN", "listens there. Stop it"},
		},
		{"a user that does not exist is named", env{"PERCORE_USER": "no-such-user"}, []string{"demo"}, []string{"PERCORE_USER", "no-such-user"}},
		{
			"a place for bodies that there is not is named",
			env{"PERCORE_CLIENT_BODY_TEMP_PATH": "/no/such"},
			[]string{"demo"},
			[]string{"PERCORE_CLIENT_BODY_TEMP_PATH=/no/such", "cannot be written", "no such file"},
		},
		{"a word of later versions is not taken for a command", nil, []string{"doctor"}, []string{"percore -- doctor"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := start(t, test.variables, test.args...)
			if code := s.Wait(); code != 2 {
				t.Errorf("got exit code %d, want 2", code)
			}
			for _, want := range test.want {
				if !s.Said(want) {
					t.Errorf("got nothing about %q:\n%s", want, s.Tail())
				}
			}
			if s.Said("worker started") {
				t.Error("got a worker started, want nothing started")
			}
		})
	}
}

func TestWithoutSTRICTATypoIsAWarning(t *testing.T) {
	s := start(t, env{"PERCORE_WORKRES": "2", "PERCORE_STRICT": "false", "PERCORE_WORKERS": "1"}, "demo")
	s.AwaitReady(1)
	if !s.Said("PERCORE_WORKRES", "PERCORE_WORKERS") {
		t.Error("want a warning with the right spelling")
	}
}

func TestWhenAllWorkersAreGoneARequestWaitsAndThenGets503(t *testing.T) {
	s := start(t, env{
		"PERCORE_WORKERS": "1", "PERCORE_QUEUE_TIMEOUT": "0.2", "PERCORE_READY_TIMEOUT": "0.5", "PERCORE_READY": "http:/exists?file=/nowhere",
	}, serveCommand()...)
	s.Await("the front door", func() bool { return s.Said("worker ready", rig.FrontName) })
	conn := s.Connect()
	began := time.Now()
	if _, err := conn.Write([]byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 4096)
	n, err := conn.Read(answer)
	if err != nil || !strings.HasPrefix(string(answer[:n]), "HTTP/1.1 503 ") || !strings.Contains(string(answer[:n]), "\r\nRetry-After: ") {
		t.Errorf("got %q, %v, want 503 with Retry-After", answer[:n], err)
	}
	if took := time.Since(began); took < 400*time.Millisecond || took > soon {
		t.Errorf("got the answer after %v, want it after the 0.5 s that it has at the first start", took)
	}
}

func TestRequestsWaitForAWorkerThatComesBack(t *testing.T) {
	s := start(t, env{"PERCORE_WORKERS": "1"}, serveCommand()...)
	s.AwaitReady(1)
	request := s.Get("/")
	request.Clients, request.Check, request.Pause = 4, greeting, time.Millisecond
	run := load.Start(request)
	for range 3 {
		s.Await("load", moreAnswers(run, 20))
		s.Kill(s.Worker(0))
	}
	s.Await("load", moreAnswers(run, 20))
	if got := run.Stop(); got.Failed() > 0 {
		t.Errorf("got %v, want no failure while the only worker is replaced", got)
	}
}

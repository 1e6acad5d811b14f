package pid1

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"percore/e2e/load"
)

// deaf runs a command that has no ear for the signals by which programs are stopped.
var deaf = []string{"/bin/sh", "-c", `trap "" TERM INT QUIT HUP USR2; exec "$@"`, "sh"}

// mixedLoad asks in every way at once: short and long, GET and POST, on kept connections and on new ones.
type mixedLoad map[string]*load.Run

func (s *service) startMixedLoad() mixedLoad {
	m := mixedLoad{}
	add := func(name string, clients int, change func(*load.Options)) {
		o := s.get("/")
		o.Clients, o.Timeout, o.Pause = clients, time.Minute, 5*time.Millisecond
		change(&o)
		m[name] = load.Start(o)
	}
	add("GET, kept", 4, func(o *load.Options) { o.KeepAlive, o.Check = true, greeting })
	add("GET, new", 2, func(o *load.Options) { o.Check = greeting })
	add("POST, kept", 2, func(o *load.Options) {
		o.KeepAlive, o.Method, o.Path, o.Body = true, http.MethodPost, "/upload", make([]byte, 8<<10)
	})
	add("POST, new", 1, func(o *load.Options) { o.Method, o.Path, o.Body = http.MethodPost, "/upload", make([]byte, 100<<10) })
	for _, seconds := range []string{"0.3", "1", "3"} {
		add("GET for "+seconds+" s", 2, func(o *load.Options) { o.KeepAlive, o.Path = true, "/slow?s="+seconds })
	}
	return m
}

// expectNothingLost ends the load.
func (m mixedLoad) expectNothingLost(s *service) {
	s.Helper()
	for name, run := range m {
		if got := run.Stop(); got.Failed() > 0 || got.IdleReset > 0 || got.OK() == 0 {
			s.Errorf("%s: got %v, want no failure", name, got)
		} else {
			s.Logf("%s: %v", name, got)
		}
	}
}

// rolled says how many rolling restarts have ended well.
func (s *service) rolled() int {
	return len(s.all(func(l line) bool { return l.Message == "maintenance done" }))
}

func TestARollingRestartLosesNothing(t *testing.T) {
	for _, c := range []struct {
		workers   int
		command   []string // in front of Tornado's
		variables env
		signal    syscall.Signal
	}{
		{1, nil, nil, syscall.SIGHUP},
		{2, nil, nil, syscall.SIGUSR2},
		{4, nil, nil, syscall.SIGHUP},
		{1, deaf, nil, syscall.SIGHUP},
		{2, deaf, env{"PERCORE_STOPWAITSECS": "2"}, syscall.SIGHUP},
	} {
		name := fmt.Sprintf("%d workers", c.workers)
		if c.command != nil {
			name += " that ignore signals"
		}
		t.Run(name, func(t *testing.T) {
			if testing.Short() && c.workers > 2 {
				t.Skip("one of the longer ones")
			}
			s := startTornadoUnder(t, c.command, c.workers, c.variables)
			old := s.readyWorkers()
			m := s.startMixedLoad()
			s.await("requests of every kind in flight", func() bool { return m["GET for 1 s"].Result().OK() > 0 })
			s.signal(c.signal)
			s.awaitWithin(3*time.Minute, "the end of the roll", func() bool { return s.rolled() == 1 })
			m.expectNothingLost(s)
			for name, l := range s.readyWorkers() {
				if l.PID == old[name].PID {
					t.Errorf("%s: got the old process, want a new one", name)
				}
			}
		})
	}
}

func TestARollOfABadVersionHalts(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad")
	script := fmt.Sprintf(`[ -e %s ] && echo "no such module" >&2 && exit 3; exec "$@"`, bad)
	s := start(t, env{"PERCORE_WORKERS": "2"}, "--", "/bin/sh", "-c", script, "sh", built.worker, "worker", "serve", "{port}")
	s.awaitReady(2)
	old := s.readyWorkers()
	request := s.get("/")
	request.Clients, request.KeepAlive, request.Check = 4, true, greeting
	run := load.Start(request)
	if err := os.WriteFile(bad, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	s.signal(syscall.SIGHUP)
	s.await("the roll to halt", func() bool { return s.said(`"msg":"rolling restart halted"`, "exited with code 3") })
	s.await("some retries", func() bool { return len(s.messages("worker ended")) > 4 })
	second := s.readyWorkers()
	if len(second) != 1 {
		t.Errorf("got %v ready, want the one that was not touched", second)
	}
	for name, l := range second {
		if l.PID != old[name].PID {
			t.Errorf("%s: got pid %d, want %d as before", name, l.PID, old[name].PID)
		}
	}
	if err := os.Remove(bad); err != nil {
		t.Fatal(err)
	}
	s.signal(syscall.SIGHUP)
	s.await("a roll that succeeds", func() bool { return s.rolled() == 1 })
	if got := run.Stop(); got.Failed() > 0 {
		t.Errorf("got %v, want no failure", got)
	}
	if len(s.readyWorkers()) != 2 {
		t.Errorf("got %v ready, want both", s.readyWorkers())
	}
}

func TestTTINAndTTOUChangeTheNumberOfWorkers(t *testing.T) {
	s := start(t, env{"PERCORE_WORKERS": "2"}, serveCommand()...)
	s.awaitReady(2)
	request := s.get("/slow?for=200ms")
	request.Clients, request.KeepAlive = 6, true
	run := load.Start(request)
	s.signal(syscall.SIGTTIN)
	s.awaitReady(3)
	for _, left := range []int{2, 1} {
		s.signal(syscall.SIGTTOU)
		s.await(fmt.Sprintf("%d workers", left), func() bool { return len(s.readyWorkers()) == left })
	}
	s.signal(syscall.SIGTTOU)
	s.await("a refusal", func() bool { return s.said("number of workers stays") })
	if got := run.Stop(); got.Failed() > 0 || len(s.readyWorkers()) != 1 {
		t.Errorf("got %v and %d workers, want no failure and one worker", got, len(s.readyWorkers()))
	}
	if _, first := s.readyWorkers()[s.workerName(0)]; !first {
		t.Errorf("got %v left, want the first", s.readyWorkers())
	}
}

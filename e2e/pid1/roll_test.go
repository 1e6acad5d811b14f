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
	"percore/e2e/rig"
)

// deaf runs a command that has no ear for the signals by which programs are stopped.
var deaf = []string{"/bin/sh", "-c", `trap "" TERM INT QUIT HUP USR2; exec "$@"`, "sh"}

// mixedLoad asks in every way at once: short and long, GET and POST, on kept connections and on new ones.
type mixedLoad map[string]*load.Run

func (s *service) startMixedLoad() mixedLoad {
	m := mixedLoad{}
	add := func(name string, clients int, change func(*load.Options)) {
		o := s.Get("/")
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
	return len(s.All(func(l rig.Line) bool { return l.Message == "maintenance done" }))
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
			old := s.ReadyWorkers()
			m := s.startMixedLoad()
			s.Await("requests of every kind in flight", func() bool { return m["GET for 1 s"].Result().OK() > 0 })
			s.Signal(c.signal)
			s.AwaitWithin(3*time.Minute, "the end of the roll", func() bool { return s.rolled() == 1 })
			m.expectNothingLost(s)
			for name, l := range s.ReadyWorkers() {
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
	s := start(t, env{"PERCORE_WORKERS": "2"}, "--", "/bin/sh", "-c", script, "sh", workerBinary, "worker", "serve", "{port}")
	s.AwaitReady(2)
	old := s.ReadyWorkers()
	request := s.Get("/")
	request.Clients, request.KeepAlive, request.Check = 4, true, greeting
	run := load.Start(request)
	if err := os.WriteFile(bad, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	s.Signal(syscall.SIGHUP)
	s.Await("the roll to halt", func() bool { return s.Said(`"msg":"rolling restart halted"`, "exited with code 3") })
	s.Await("some retries", func() bool { return len(s.WorkerLines("worker ended")) > 4 })
	second := s.ReadyWorkers()
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
	s.Signal(syscall.SIGHUP)
	s.Await("a roll that succeeds", func() bool { return s.rolled() == 1 })
	if got := run.Stop(); got.Failed() > 0 {
		t.Errorf("got %v, want no failure", got)
	}
	if len(s.ReadyWorkers()) != 2 {
		t.Errorf("got %v ready, want both", s.ReadyWorkers())
	}
}

func TestTTINAndTTOUChangeTheNumberOfWorkers(t *testing.T) {
	s := start(t, env{"PERCORE_WORKERS": "2"}, serveCommand()...)
	s.AwaitReady(2)
	request := s.Get("/slow?for=200ms")
	request.Clients, request.KeepAlive = 6, true
	run := load.Start(request)
	s.Signal(syscall.SIGTTIN)
	s.AwaitReady(3)
	for _, left := range []int{2, 1} {
		s.Signal(syscall.SIGTTOU)
		s.Await(fmt.Sprintf("%d workers", left), func() bool { return len(s.ReadyWorkers()) == left })
	}
	s.Signal(syscall.SIGTTOU)
	s.Await("a refusal", func() bool { return s.Said("number of workers stays") })
	if got := run.Stop(); got.Failed() > 0 || len(s.ReadyWorkers()) != 1 {
		t.Errorf("got %v and %d workers, want no failure and one worker", got, len(s.ReadyWorkers()))
	}
	if _, first := s.ReadyWorkers()[s.WorkerName(0)]; !first {
		t.Errorf("got %v left, want the first", s.ReadyWorkers())
	}
}

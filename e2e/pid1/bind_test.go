package pid1

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"percore/e2e/load"
	"percore/e2e/program"
	"percore/e2e/rig"
)

// asUser1000 and withThreeCapabilities become percore as an image's USER and as this repository's compose file have it.
var (
	asUser1000            = []string{"setpriv", "--reuid=1000", "--regid=1000", "--clear-groups"}
	withThreeCapabilities = []string{"setpriv", "--bounding-set=-all,+setuid,+setgid,+kill", "--inh-caps=-all"}
)

// startOnSockets runs the example application behind unix sockets.
func startOnSockets(t *testing.T, wrapper []string, workers int, variables env) *service {
	t.Helper()
	rig.Need(t, "real Tornado workers", program.Python, "-c", "import tornado")
	main := filepath.Join(filepath.Dir(workerBinary), "main.py") // where every user can read it
	source, err := os.ReadFile("../../examples/tornado/main.py")
	if err == nil {
		err = os.WriteFile(main, source, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	all := env{"PERCORE_BIND": "unix", "PERCORE_WORKERS": fmt.Sprint(workers), "PERCORE_NAME": "tornado", "PERCORE_GROUP": "tornadoes"}
	maps.Copy(all, variables)
	s := startUnder(t, wrapper, all, "--", program.Python, "-B", main, "--socket={socket}", "--logging=warning")
	s.AwaitReady(workers)
	return s
}

// sockets are the workers' sockets, as their command lines have them.
func (s *service) sockets() (paths []string) {
	s.Helper()
	for name := range s.ReadyWorkers() {
		words, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", s.Named(name).PID))
		if err != nil {
			s.Fatal(err)
		}
		for word := range strings.SplitSeq(string(words), "\x00") {
			if path, found := strings.CutPrefix(word, "--socket="); found {
				paths = append(paths, path)
			}
		}
	}
	slices.Sort(paths)
	return paths
}

func TestWorkersOnUnixSocketsLoseNothing(t *testing.T) {
	for _, c := range []struct {
		name      string
		wrapper   []string
		variables env
	}{
		{"as another user", nil, env{"PERCORE_USER": "www-data"}},
		{
			"as another user, with three capabilities", withThreeCapabilities,
			env{"PERCORE_USER": "www-data", "PERCORE_HEALTH": "http:/", "PERCORE_HEALTH_INTERVAL": "0.2"},
		},
		{"as root", nil, nil},
		{"without root", asUser1000, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := startOnSockets(t, c.wrapper, 2, c.variables)
			old := s.ReadyWorkers()
			m := s.startMixedLoad()
			s.Await("requests of every kind in flight", func() bool { return m["GET for 1 s"].Result().OK() > 0 })
			s.Signal(syscall.SIGHUP)
			s.AwaitWithin(3*time.Minute, "the end of the roll", func() bool { return s.rolled() == 1 })
			m.expectNothingLost(s)
			for name, l := range s.ReadyWorkers() {
				if l.PID == old[name].PID {
					t.Errorf("%s: got the old process, want a new one", name)
				}
			}
			paths := s.sockets()
			if len(paths) != 2 || paths[0] == paths[1] {
				t.Errorf("got the sockets %q, want one for each worker", paths)
			}
			if code := s.Stop(); code != 0 {
				t.Errorf("got code %d, want 0", code)
			}
			for _, path := range paths {
				if _, err := os.Stat(filepath.Dir(filepath.Dir(path))); !os.IsNotExist(err) {
					t.Errorf("%s after the end: got %v, want nothing left of it", path, err)
				}
			}
		})
	}
}

func TestAGETIsNotLostWhenAWorkerOnAUnixSocketIsKilled(t *testing.T) {
	s := startOnSockets(t, nil, 2, env{"PERCORE_USER": "www-data", "PERCORE_QUEUE_TIMEOUT": "60"})
	request := s.Get("/")
	request.Clients, request.KeepAlive, request.Check, request.Timeout = 8, true, greeting, time.Minute
	kept := load.Start(request)
	request.Clients, request.KeepAlive, request.Pause = 4, false, 2*time.Millisecond
	fresh := load.Start(request)
	const kills = 10
	for range kills { // each leaves a stale socket behind
		starts := len(s.WorkerLines("worker ready"))
		s.Await("a worker to kill", s.killAny)
		s.Await("the next to be ready", func() bool { return len(s.WorkerLines("worker ready")) > starts })
	}
	for name, got := range map[string]load.Result{"keep-alive": kept.Stop(), "a connection for each": fresh.Stop()} {
		if got.Failed() > 0 || got.IdleReset > 0 || got.OK() == 0 {
			t.Errorf("%s, %d kills: got %v, want no failure", name, kills, got)
		} else {
			t.Logf("%s, %d kills: %v", name, kills, got)
		}
	}
}

func TestGunicornServesOnTheSocketItIsGiven(t *testing.T) {
	rig.Need(t, "real gunicorn workers", program.Python, "-c", "import gunicorn")
	dir := filepath.Dir(workerBinary)
	app := "import os\ndef app(environ, start):\n    start('200 OK', [])\n    return [('Hello from ' + environ.get('HTTP_X_REAL_IP', 'percore') + ' at ' + os.environ['PERCORE_SOCKET']).encode()]\n"
	if err := os.WriteFile(filepath.Join(dir, "hello.py"), []byte(app), 0o644); err != nil {
		t.Fatal(err)
	}
	s := start(t, env{"PERCORE_WORKERS": "2", "PERCORE_USER": "www-data", "PERCORE_READY": "http:/", "PERCORE_NAME": "hello"},
		"--", program.Python, "-B", "-m", "gunicorn", "--bind=unix:{socket}", "--chdir="+dir, "--log-level=error", "hello:app")
	s.AwaitReady(2)
	if got := s.Body("/"); !strings.HasPrefix(got, "Hello from 127.0.0.1 at /") || !strings.HasSuffix(got, ".sock") {
		t.Errorf("got %q, want the client and the socket", got)
	}
}

func TestWhatAKilledPercoreLeavesOfItsSocketsIsRemovedByTheNext(t *testing.T) {
	first := startOnSockets(t, nil, 1, nil)
	path := first.sockets()[0]
	first.Signal(syscall.SIGKILL)
	first.Wait()
	if _, err := os.Lstat(path); err != nil {
		t.Fatal(err)
	}
	second := startOnSockets(t, nil, 1, nil)
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Errorf("%s: got %v, want it gone", path, err)
	}
	if got := second.sockets()[0]; got == path {
		t.Errorf("got the same path, want one of its own")
	}
}

func TestTornadoOnAUnixSocketSeesTheClient(t *testing.T) {
	s := startOnSockets(t, nil, 1, nil)
	var seen seenByTornado
	if err := json.Unmarshal([]byte(s.Body("/headers", "Host: shop.example")), &seen); err != nil {
		t.Fatal(err)
	}
	if seen.RemoteIP != "127.0.0.1" || seen.Host != "shop.example" {
		t.Errorf("got %q %q, want the client's address and the host it asked for", seen.RemoteIP, seen.Host)
	}
}

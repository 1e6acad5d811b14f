package pid1

import (
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"time"

	"percore/e2e/load"
	"percore/e2e/rig"
)

// greeting checks the front page of the example application and of the scripted worker.
func greeting(body []byte) error {
	if !strings.HasPrefix(string(body), "Hello from ") {
		return errNoGreeting
	}
	return nil
}

// greetingIn is greeting for a whole answer as it came.
func greetingIn(answer []byte) error {
	if !strings.HasPrefix(string(answer), "HTTP/1.1 200 OK\r\n") || !strings.Contains(string(answer), "\r\n\r\nHello from ") {
		return errNoGreeting
	}
	return nil
}

type scenarioError string

func (e scenarioError) Error() string { return string(e) }

const errNoGreeting = scenarioError("want it to begin with Hello from")

func TestNotOneGETFailsWhenAWorkerIsKilledEvery300ms(t *testing.T) {
	// A worker may be killed while it starts, and again, as long as there is one that serves: on a machine that is so busy that a
	// start takes longer than the pause there would never be one. Then there may be none for seconds, and requests wait.
	s := startTornado(t, 2, env{"PERCORE_QUEUE_TIMEOUT": "60"})
	length := 20 * time.Second
	if testing.Short() {
		length = 10 * time.Second
	}
	request := s.Get("/")
	request.Clients, request.KeepAlive, request.Check, request.Timeout = 8, true, greeting, time.Minute
	kept := load.Start(request)
	request.Clients, request.KeepAlive, request.Pause = 4, false, 2*time.Millisecond
	fresh := load.Start(request)

	const pause = 300 * time.Millisecond
	kills, wanted := 0, int(length/pause)/2
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for began := time.Now(); time.Since(began) < length || kills < wanted && time.Since(began) < length+rig.Patience; <-tick.C {
		if len(s.ReadyWorkers()) > 0 && s.killAny() {
			kills++
		}
	}
	for name, got := range map[string]load.Result{"keep-alive": kept.Stop(), "a connection for each": fresh.Stop()} {
		if got.Failed() > 0 || got.IdleReset > 0 {
			t.Errorf("%s, %d kills: got %v, want no failure", name, kills, got)
		} else {
			t.Logf("%s, %d kills: %v", name, kills, got)
		}
	}
	if kills < wanted {
		t.Errorf("got %d kills, want at least %d", kills, wanted)
	}
}

// killAny kills a random worker process that is alive, ready or not.
func (s *service) killAny() bool {
	var pids []int
	for name, l := range s.Alive(false) {
		if name != rig.FrontName {
			pids = append(pids, l.PID)
		}
	}
	if len(pids) == 0 {
		return false
	}
	p, ok := s.Find(pids[rand.IntN(len(pids))])
	return ok && syscall.Kill(p.PID, syscall.SIGKILL) == nil
}

func TestAStableWorkerThatIsKilledIsReplacedWithin20ms(t *testing.T) {
	s := start(t, env{"PERCORE_WORKERS": "2", "PERCORE_STARTSECS": "0.1"}, "demo")
	s.AwaitReady(2)
	name := s.WorkerName(0)
	least := time.Hour
	for range 5 { // the machine may be busy with other things, but hardly each time
		least = min(least, s.replacementOf(name))
	}
	if !s.Said("killed by SIGKILL after", `"next":"restarted"`) {
		t.Error("want the reason of the end in words")
	}
	rig.WantWithin(t, "a new process after the kill, at best", least, 20*time.Millisecond)
}

// replacementOf kills a worker that is older than a STARTSECS of 0.1 s, and returns how long after that its successor was there.
func (s *service) replacementOf(name string) time.Duration {
	s.Helper()
	s.Await("STARTSECS to be over", func() bool {
		l, ok := s.ReadyWorkers()[name]
		return ok && time.Since(l.Time) > 200*time.Millisecond
	})
	victim := s.Named(name)
	killed := time.Now()
	s.Kill(victim)
	var next rig.Line
	s.Await("a new incarnation", func() bool {
		next = s.Alive(false)[name]
		return next.PID != 0 && next.PID != victim.Inside
	})
	s.Logf("a new process %v after the kill", next.Time.Sub(killed))
	return next.Time.Sub(killed)
}

func TestAWorkerThatKeepsFailingBacksOffWhileItsSiblingServes(t *testing.T) {
	script := `if [ "$1" = 1 ]; then echo "no luck" >&2; exit 7; fi; exec "$2" worker serve "$3"`
	s := start(t, env{"PERCORE_WORKERS": "2", "PERCORE_STARTRETRIES": "1", "PERCORE_NAME": "pair"},
		"--", "/bin/sh", "-c", script, "sh", "{index}", workerBinary, "{port}")
	s.AwaitReady(1)
	request := s.Get("/")
	request.Clients, request.Check, request.Pause = 2, greeting, time.Millisecond
	run := load.Start(request)
	s.Await("failures beyond STARTRETRIES", func() bool { return len(s.WorkerLines("worker ended")) >= 4 })
	if got := run.Stop(); got.Failed() > 0 {
		t.Errorf("got %v, want no failure", got)
	}
	if s.Said(`"next":"fatal"`) || s.IsOver() {
		t.Error("got FATAL, want BACKOFF while the sibling serves")
	}
	for _, l := range s.WorkerLines("worker ended")[1:] {
		if !strings.HasPrefix(l.Next, "backoff ") {
			t.Errorf("got next %q, want a backoff", l.Next)
		}
	}
	if !s.Said("fleet degraded") {
		t.Error("want one line that says that the fleet is degraded")
	}
}

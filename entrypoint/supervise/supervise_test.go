package supervise

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"

	"percore/entrypoint/control"
	"percore/lbproxy/balance"
	"percore/reaper"
)

func TestTheFrontDoorHearsOfTheWorkersAndEndsLast(t *testing.T) {
	p := start(t)
	p.awaitUp(2)
	if got := p.kernel.alive(); len(got) != 3 || !slices.Contains(got, "front") {
		t.Errorf("got %q alive, want two workers and the front door", got)
	}
	for i, e := range p.kernel.told().Snapshot.Endpoints {
		if want := fmt.Sprintf("webs:web-%d", 8000+i); e.Name != want || e.Index != i || e.Address != fmt.Sprintf("127.0.0.1:%d", 8000+i) {
			t.Errorf("endpoint %d: got %+v, want %s on its own port", i, e, want)
		}
	}
	p.await("the line that says so", func() bool { return strings.Contains(p.log.String(), "serving http on :8080, 2 of 2 workers ready") })
	front, worker := p.kernel.latest("front"), p.kernel.latest("web-8001")
	p.signals <- syscall.SIGTERM
	p.wantCode(0)
	if got := p.kernel.alive(); len(got) > 0 {
		t.Errorf("got %q alive after the end", got)
	}
	if w := p.kernel.told().Snapshot; !w.Drain || !w.Sole {
		t.Errorf("the front door's last snapshot: got %+v, want it drained, and alone with its sockets", w)
	}
	for who, got := range map[string][]syscall.Signal{"front": front.signalled(), "worker": worker.signalled()} {
		if !slices.Equal(got, []syscall.Signal{syscall.SIGTERM}) {
			t.Errorf("%s: got signals %v, want TERM once", who, got)
		}
	}
}

func TestWithoutTrafficThereIsNoFrontDoor(t *testing.T) {
	p := start(t, "PERCORE_MODE=none")
	p.await("the workers", func() bool { return len(p.kernel.alive()) == 2 })
	if n := p.kernel.births("front"); n != 0 {
		t.Errorf("got %d front doors, want none", n)
	}
	p.await("them to be healthy", func() bool {
		lines, code, err := p.ask(control.Request{Verb: control.VerbReady})
		return code == 0 && err == nil && slices.Equal(lines, []string{"healthy: 2 of 2 workers ready"})
	})
	p.signals <- syscall.SIGINT
	p.wantCode(0)
}

func TestWhatSignalsDoToAFleet(t *testing.T) {
	p := start(t, "PERCORE_FORWARD_SIGNALS=WINCH")
	p.awaitUp(2)

	p.signals <- syscall.SIGHUP
	p.await("both workers to be replaced", func() bool { return p.kernel.births("web-8000") == 2 && p.kernel.births("web-8001") == 2 })
	p.awaitUp(2)

	p.signals <- syscall.SIGTTIN
	p.awaitUp(3)
	p.signals <- syscall.SIGTTOU
	p.awaitUp(2)

	p.signals <- syscall.SIGWINCH
	worker := p.kernel.latest("web-8000")
	p.await("the signal to be forwarded", func() bool { return slices.Contains(worker.signalled(), syscall.SIGWINCH) })
	if got := p.kernel.latest("front").signalled(); len(got) > 0 {
		t.Errorf("front door: got signals %v, want none", got)
	}

	p.signals <- syscall.SIGUSR1
	p.await("the status in the log", func() bool {
		text := p.log.String()
		return strings.Contains(text, "process=webs:web-8001") && strings.Contains(text, "orphans_reaped=7")
	})
}

func TestAWorkerThatCrashesComesBackAndTheFrontDoorKnows(t *testing.T) {
	p := start(t)
	p.awaitUp(2)
	before := p.kernel.told().Snapshot.Endpoints[0].Incarnation
	p.kernel.latest("web-8000").end(reaper.Exit{Code: 3})
	p.await("another", func() bool { return p.kernel.births("web-8000") == 2 })
	p.awaitUp(2)
	if now := p.kernel.told().Snapshot.Endpoints[0].Incarnation; now == before {
		t.Errorf("got incarnation %d again: the front door would send requests to the dead one", now)
	}
}

func TestAFrontDoorThatCrashesComesBackAndHearsAllAnew(t *testing.T) {
	p := start(t)
	p.awaitUp(2)
	p.kernel.latest("front").end(reaper.Exit{Signal: syscall.SIGSEGV})
	p.await("another", func() bool { return p.kernel.births("front") == 2 })
	p.awaitUp(2)
	if p.kernel.births("web-8000") != 1 {
		t.Error("a worker was started anew, too")
	}
}

func TestTheExitCodeIsThatOfWhatEndedTheFleet(t *testing.T) {
	for name, c := range map[string]struct {
		environ []string
		exit    reaper.Exit
		want    int
	}{
		"a worker's own code":                 {[]string{"PERCORE_EXIT_ON=first-exit"}, reaper.Exit{Code: 5}, 5},
		"a signal's":                          {[]string{"PERCORE_EXIT_ON=first-exit"}, reaper.Exit{Signal: syscall.SIGABRT}, 134},
		"workers that are never brought back": {[]string{"PERCORE_AUTORESTART=false", "PERCORE_WORKERS=1"}, reaper.Exit{Code: 4}, 4},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, c.environ...)
			p.await("the worker", func() bool { return p.kernel.births("web-8000") == 1 })
			p.kernel.latest("web-8000").end(c.exit)
			p.wantCode(c.want)
		})
	}
}

func TestAFaultOfTheReaperEndsPID1(t *testing.T) {
	p := start(t)
	p.awaitUp(2)
	p.kernel.fault <- errors.New("wait4: no such luck")
	p.wantCode(70)
	if text := p.log.String(); !strings.Contains(text, "percore ended") || !strings.Contains(text, "no such luck") {
		t.Errorf("got %s, want the reason", text)
	}
}

func TestControlCommandsReachTheFleetAndTheFrontDoor(t *testing.T) {
	p := start(t)
	p.awaitUp(2)
	for name, c := range map[string]struct {
		request control.Request
		want    []string
	}{
		"a stop drains first": {control.Request{Verb: control.VerbStop, Names: []string{"webs:web-8001"}}, []string{"web-8001 stopped"}},
		"a health check":      {control.Request{Verb: control.VerbReady}, []string{"healthy: "}},
		"a change of the front door": {
			control.Request{Verb: control.VerbUpdate, Set: []string{"PERCORE_QUEUE_SIZE=9"}},
			[]string{"PERCORE_QUEUE_SIZE 9", "percore updated process group"},
		},
	} {
		lines, code, err := p.ask(c.request)
		ok := len(lines) == len(c.want)
		for i := range min(len(lines), len(c.want)) {
			ok = ok && strings.HasPrefix(lines[i], c.want[i])
		}
		if !ok || code != 0 || err != nil {
			t.Errorf("%s: got %q, code %d and %v, want %q", name, lines, code, err, c.want)
		}
	}
	p.await("the front door to have it", func() bool { return p.kernel.told().Options.Services[0].QueueSize == 9 })
	p.await("the worker to be out of traffic", func() bool { return p.kernel.told().Snapshot.Endpoints[1].State != balance.Up })
}

func TestAnUpdateOfTheWorkersRollsThem(t *testing.T) {
	p := start(t)
	p.awaitUp(2)
	lines, code, err := p.ask(control.Request{Verb: control.VerbUpdate, Set: []string{"GREETING=hello"}})
	if code != 0 || err != nil || !slices.Contains(lines, "webs updated process group") {
		t.Fatalf("got %q, code %d and %v", lines, code, err)
	}
	for _, name := range []string{"web-8000", "web-8001"} {
		if env := p.kernel.latest(name).spec.Env; p.kernel.births(name) != 2 || !slices.Contains(env, "GREETING=hello") {
			t.Errorf("%s: got %d births and %q, want a second with the greeting", name, p.kernel.births(name), env)
		}
	}
}

func TestPercoreWithoutAControlSocketIsNoWorse(t *testing.T) {
	for place, want := range map[string]string{"off": "", "/no/such/folder/s": "no control socket"} {
		p := start(t, "PERCORE_CONTROL="+place)
		p.awaitUp(2)
		p.await("what is said of it", func() bool { return strings.Contains(p.log.String(), want) })
		p.signals <- syscall.SIGQUIT
		p.wantCode(0)
	}
}

func TestAShutdownCommandEndsTheContainer(t *testing.T) {
	p := start(t)
	p.awaitUp(2)
	if lines, code, err := p.ask(control.Request{Verb: control.VerbShutdown}); code != 0 || err != nil || !slices.Equal(lines, []string{"Shut down"}) {
		t.Errorf("got %q, code %d and %v", lines, code, err)
	}
	p.wantCode(0)
}

package fleet

import (
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"percore/internal/trial"
	"percore/reaper"
	"percore/reaper/lifecycle"
	"percore/reaper/ports"
	"percore/reaper/probe"
)

func TestAHeldPortIsNamedAndItsWorkerBacksOff(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(2)}}, func(r *rig) {
		const holder = "pid 77 (python3 -m http.server)"
		var released atomic.Bool
		r.ports.Holder = func(port int) string {
			if port == 8001 && !released.Load() {
				return holder
			}
			return ""
		}
		r.run()
		r.expectStates("RUNNING", "BACKOFF")
		r.expectLog(1, `port 8001 is held by pid 77 (python3 -m http.server)`)
		if s := r.fleet.Status()[1]; s.Starts != 0 || s.Complaint != "port 8001 is held by "+holder {
			t.Errorf("status: got %d starts and %q, want none, and the holder", s.Starts, s.Complaint)
		}
		r.pass(time.Minute) // its sibling serves, so it is not given up
		r.expectStates("RUNNING", "BACKOFF")
		if got, want := r.fleet.Condition().Degraded, "tornadoes:tornado-8001 keeps failing: port 8001 is held by "+holder; got != want {
			t.Errorf("degraded: got %q, want %q", got, want)
		}
		released.Store(true)
		r.pass(time.Minute)
		r.expectStates("RUNNING", "RUNNING")
		r.finish()
	})
}

func TestAFleetWhosePortsAreHeldEndsWithTwo(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(2)}}, func(r *rig) {
		r.ports.Holder = func(int) string { return "pid 77 (old)" }
		r.run()
		r.expectEnd(2, "is held by pid 77 (old)")
	})
}

func TestNobodyAsksForAPortThatIsNotUsed(t *testing.T) {
	for name, change := range map[string]func(*Program){
		"a unix socket":                     func(p *Program) { p.Sockets = true },
		"no port":                           func(p *Program) { p.PortsFrom = 0 },
		"no traffic, and ready without one": func(p *Program) { p.Traffic, p.Ready = false, probe.Check{Kind: probe.None} },
	} {
		t.Run(name, func(t *testing.T) {
			p := tornado(1)
			change(&p)
			inBubble(t, Options{Programs: []Program{p}, SocketPlaces: []string{trial.SocketDir(t)}}, func(r *rig) {
				r.ports.Holder = func(int) string { return "somebody" }
				r.run()
				r.process(p.slotName(0))
				r.finish()
			})
		})
	}
}

func TestOnlyTheWorkersOwnAnswerMakesItReady(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(1)}}, func(r *rig) {
		verdict := ports.Foreign
		r.ports.Whose = func(port int, pids []int) ports.Verdict {
			if port != 8000 || pids[0] != r.process("tornado-8000").pid {
				t.Errorf("asked for port %d and %v, want those of the worker", port, pids)
			}
			var now ports.Verdict
			r.locked(func() { now = verdict })
			return now
		}
		r.run()
		r.pass(3 * time.Second)
		r.expectStates("STARTING")
		r.locked(func() { verdict = ports.Own })
		r.pass(time.Second)
		r.expectStates("RUNNING")
		r.expectLog(0, "is taken for the worker")
		r.finish()
	})
}

func TestWherePortsCannotBeSeenTheyAreBelievedAndItIsSaidOnce(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(3)}}, func(r *rig) {
		r.ports.Whose = func(int, []int) ports.Verdict { return ports.Unknown }
		r.run()
		r.expectStates("RUNNING", "RUNNING", "RUNNING")
		r.expectLog(1, "is taken for the worker")
		r.finish()
	})
}

func TestAWorkerThatListensElsewhereIsDiagnosed(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(2)}}, func(r *rig) {
		r.holdBack(8001, true)
		r.ports.Of = func(pids []int) []string {
			if pids[0] == r.process("tornado-8001").pid {
				return []string{"0.0.0.0:9000", "127.0.0.1:9100"}
			}
			return nil
		}
		r.run()
		const want = "listens on 0.0.0.0:9000, 127.0.0.1:9100 instead of 127.0.0.1:8001"
		r.pass(4900 * time.Millisecond)
		r.expectLog(0, "instead of")
		r.pass(200 * time.Millisecond)
		r.expectLog(1, want)
		if got := r.fleet.Status()[1].Diagnosis; got != want {
			t.Errorf("status: got %q, want %q", got, want)
		}
		if got := r.fleet.Condition().Degraded; got != "tornadoes:tornado-8001 "+want {
			t.Errorf("degraded: got %q, want it there too", got)
		}
		if got := r.latestEndpoint(1).Trouble; got != "tornadoes:tornado-8001 "+want {
			t.Errorf("what the front door hears: got %q, want the same", got)
		}
		r.pass(40 * time.Second)
		r.expectLog(1, want) // it is said once
		r.holdBack(8001, false)
		r.pass(time.Second)
		r.expectStates("RUNNING", "RUNNING")
		if got := r.fleet.Status()[1].Diagnosis + r.fleet.Condition().Degraded + r.latestEndpoint(1).Trouble; got != "" {
			t.Errorf("once it is ready: got %q, want nothing", got)
		}
		r.finish()
	})
}

func (r *rig) latestEndpoint(i int) (e Endpoint) {
	r.locked(func() { e = r.published[len(r.published)-1][i] })
	return e
}

func TestAFleetThatListensElsewhereEndsAfterOneRound(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(2), front()}}, func(r *rig) {
		r.holdBack(8000, true)
		r.holdBack(8001, true)
		r.ports.Of = func([]int) []string { return []string{"127.0.0.1:9000"} }
		r.run()
		r.pass(59 * time.Second)
		r.expectGoing()
		r.expectEnd(2, "no worker listens where it is expected to: tornadoes:tornado-800")
		if took := time.Since(r.start); took > 72*time.Second {
			t.Errorf("the end came after %v, want one READY_TIMEOUT and a stop", took)
		}
		for _, want := range []string{"listens on 127.0.0.1:9000 instead of 127.0.0.1:800", "{port}", `msg="fleet ended with code 2: no worker listens where`} {
			if !strings.Contains(r.log.String(), want) {
				t.Errorf("log: got no %q in\n%s", want, r.log)
			}
		}
	})
}

// A port that is written into the program: the first worker gets it, and each other one ends because it is taken.
func TestAFleetWhoseWorkersWantOnePortOfTheirOwnEndsAfterOneRound(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(2), front()}}, func(r *rig) {
		r.holdBack(8000, true)
		r.holdBack(8001, true)
		r.ports.Of = func([]int) []string { return []string{"127.0.0.1:9000"} }
		r.kernel.born = func(p *fakeProcess) {
			if slices.Contains(p.spec.Env, "PERCORE_WORKER_NAME=tornado-8001") {
				time.AfterFunc(100*time.Millisecond, func() { p.end(reaper.Exit{Code: 1}) })
			}
		}
		r.run()
		r.pass(59 * time.Second)
		r.expectGoing()
		r.expectEnd(2, "tornadoes:tornado-8000 listens on 127.0.0.1:9000 instead of 127.0.0.1:8000")
		if took := time.Since(r.start); took > 72*time.Second {
			t.Errorf("the end came after %v, want one READY_TIMEOUT and a stop", took)
		}
	})
}

// The second is wrong for good, when the first has found its place at the second try.
func TestAFleetOfWhichOneLearnsWhereToListenGoesOn(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(2)}}, func(r *rig) {
		r.holdBack(8000, true)
		r.holdBack(8001, true)
		r.ports.Of = func([]int) []string { return []string{"127.0.0.1:9000"} }
		r.kernel.refuse = func(n int) error {
			if n > 1 && time.Since(r.start) < 30*time.Second {
				return &reaper.SpawnError{Op: "exec", Path: "/bin/x", Err: syscall.EAGAIN}
			}
			return nil
		}
		r.run()
		r.pass(61 * time.Second)
		r.expectLog(1, "it listens on 127.0.0.1:9000 instead of 127.0.0.1:8000")
		r.holdBack(8000, false)
		r.pass(10 * time.Minute)
		r.expectGoing()
		if s := r.fleet.Status(); s[0].State != lifecycle.StateRunning || s[1].State == lifecycle.StateRunning ||
			!strings.Contains(r.log.String(), "it listens on 127.0.0.1:9000 instead of 127.0.0.1:8001") {
			t.Errorf("got %s and %s, want the first alone to serve", s[0].State, s[1].State)
		}
		r.finish()
	})
}

func TestAFleetOfWhichOneListensRightGoesOn(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(2)}}, func(r *rig) {
		r.holdBack(8001, true)
		r.ports.Of = func([]int) []string { return []string{"127.0.0.1:9000"} }
		r.run()
		r.pass(10 * time.Minute)
		r.expectGoing()
		if state := r.fleet.Status()[0].State; state != lifecycle.StateRunning {
			t.Errorf("got %v, want the one that is right to serve", state)
		}
		r.expectLog(1, "fleet degraded")
		r.finish()
	})
}

package fleet

import (
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"percore/reaper"
	"percore/reaper/lifecycle"
	"percore/reaper/probe"
)

var (
	crash   = reaper.Exit{Signal: syscall.SIGSEGV}
	outside = reaper.Exit{Signal: syscall.SIGKILL}
)

// backoffBase is the first back-off by default.
const backoffBase = 250 * time.Millisecond

func TestWorkersGetTrafficOnlyWhenTheyAreReady(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(2)}}, func(r *rig) {
		r.holdBack(8001, true)
		r.run()
		r.expectStates("RUNNING", "STARTING")
		r.expectEndpoints(Up, Down)
		r.holdBack(8001, false)
		r.pass(probe.PauseMax)
		r.expectStates("RUNNING", "RUNNING")
		r.expectEndpoints(Up, Up)
		r.expectLog(2, "worker ready")
		r.finish()
	})
}

func TestADeathAfterAStableLifeRestartsAtOnce(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(1)}}, func(r *rig) {
		r.run()
		for range 10 {
			r.pass(time.Second)
			before := time.Now()
			r.die("tornado-8000", crash)
			r.expectStates("RUNNING")
			if got := time.Since(before); got != 0 {
				t.Errorf("restart: got %v, want at once", got)
			}
		}
		r.expectLog(10, `reason="killed by SIGSEGV after 1s" next=restarted`)
		if got := r.fleet.Status()[0]; got.Restarts != 10 || got.LastCode != 139 || got.Incarnation != 11 {
			t.Errorf("status: got %+v, want 10 restarts, code 139, incarnation 11", got)
		}
		r.finish()
	})
}

func TestTheFrontDoorHearsOfADeathBeforeTheRestart(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(1)}}, func(r *rig) {
		r.run()
		r.pass(time.Minute)
		r.locked(func() { r.published = nil })
		r.die("tornado-8000", crash)
		r.locked(func() {
			first, last := r.published[0][0], r.published[len(r.published)-1][0]
			if first.State != Down || first.Incarnation != 1 {
				t.Errorf("first snapshot: got %+v, want incarnation 1 down", first)
			}
			if last.State != Up || last.Incarnation != 2 || last.Address != "127.0.0.1:8000" || last.Name != "tornadoes:tornado-8000" {
				t.Errorf("last snapshot: got %+v, want incarnation 2 up", last)
			}
		})
		r.finish()
	})
}

func TestEarlyDeathsBackOffAndEndInFatal(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(1)}}, func(r *rig) {
		r.run()
		for _, pause := range []time.Duration{250 * time.Millisecond, 500 * time.Millisecond, time.Second} {
			r.die("tornado-8000", reaper.Exit{Code: 3})
			r.expectStates("BACKOFF")
			r.expectEndpoints(Down)
			r.pass(pause - time.Millisecond)
			r.expectStates("BACKOFF")
			r.pass(time.Millisecond)
			r.expectStates("RUNNING")
		}
		r.die("tornado-8000", reaper.Exit{Code: 3})
		r.expectEnd(3, "exited with code 3 after 0s")
		r.expectStates("FATAL")
		r.expectLog(1, "level=ERROR msg=\"worker ended\" process=tornadoes:tornado-8000 pid=4")
		r.expectLog(1, "msg=\"fleet ended\"")
	})
}

func TestAStableLifeForgivesEarlierFailures(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(1)}}, func(r *rig) {
		r.run()
		for range 5 {
			for range 3 {
				r.die("tornado-8000", crash)
				r.pass(time.Second)
			}
			r.pass(time.Second)
			r.die("tornado-8000", crash)
			r.expectStates("RUNNING")
		}
		r.finish()
	})
}

func TestAWorkerIsNotGivenUpWhileASiblingServes(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(2)}}, func(r *rig) {
		r.run()
		for range 10 {
			r.dieAgain("tornado-8001", crash)
			r.expectStates("RUNNING", "RUNNING")
		}
		r.expectLog(1, "fleet degraded")
		r.holdBack(8000, true)
		r.die("tornado-8000", reaper.Exit{Code: 1})
		r.expectStates("STARTING", "RUNNING")
		r.finish()
	})
}

func TestTheLastOneServingTakesTheSparedWithIt(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(2)}}, func(r *rig) {
		r.run()
		r.holdBack(8001, true)
		for range 5 {
			r.dieAgain("tornado-8001", crash)
		}
		r.holdBack(8000, true)
		r.die("tornado-8000", crash)
		r.die("tornado-8001", crash)
		r.expectStates("STARTING", "FATAL")
		for range 3 {
			r.dieAgain("tornado-8000", reaper.Exit{Code: 9})
		}
		r.die("tornado-8000", reaper.Exit{Code: 9})
		r.expectEnd(9, "exited with code 9")
	})
}

func TestAKillFromOutsideIsNotACrash(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(1)}}, func(r *rig) {
		r.run()
		for range 20 {
			r.pass(300 * time.Millisecond)
			r.die("tornado-8000", outside)
			r.expectStates("BACKOFF")
			r.pass(backoffBase)
			r.expectStates("RUNNING")
		}
		r.finish()
	})
}

func TestAKillByTheMemoryLimitIsACrash(t *testing.T) {
	oom := func(int) bool { return true }
	inBubble(t, Options{Programs: []Program{tornado(1)}, OOMKilled: oom}, func(r *rig) {
		r.run()
		for range 3 {
			r.die("tornado-8000", outside)
			r.pass(time.Second)
		}
		r.die("tornado-8000", outside)
		r.expectEnd(137, "killed by SIGKILL after 0s (out of memory)")
	})
}

func TestAKillBeforeItWasReadyIsAFailedStart(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(1)}}, func(r *rig) {
		r.holdBack(8000, true)
		r.run()
		for range 3 {
			r.die("tornado-8000", outside)
			r.pass(time.Second)
		}
		r.die("tornado-8000", outside)
		r.expectEnd(137, "killed by SIGKILL")
	})
}

func TestAWorkerThatIsNotReadyInTimeIsKilled(t *testing.T) {
	p := tornado(1)
	p.ReadyTimeout, p.StartRetries = 5*time.Second, 1
	inBubble(t, Options{Programs: []Program{p}}, func(r *rig) {
		r.holdBack(8000, true)
		r.run()
		r.pass(5*time.Second - time.Millisecond)
		r.expectSignals("tornado-8000")
		r.expectStates("STARTING")
		r.pass(time.Millisecond)
		r.expectSignals("tornado-8000", "SIGKILL")
		r.expectStates("BACKOFF")
		r.expectEnd(137, "killed by SIGKILL after 5s")
		r.expectLog(2, "worker is not ready in time")
	})
}

func TestADeathBeforeReadyIsAFailureHoweverLongItTook(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(1)}}, func(r *rig) {
		r.holdBack(8000, true)
		r.run()
		r.pass(30 * time.Second)
		r.die("tornado-8000", crash)
		r.expectStates("BACKOFF")
		r.finish()
	})
}

func TestASpawnErrorEndsOrWaits(t *testing.T) {
	tests := []struct {
		name   string
		err    error
		states []string
		code   int
	}{
		{"a missing command is fatal with 127", &reaper.SpawnError{Op: "find", Path: "x", Err: syscall.ENOENT}, []string{"FATAL"}, 127},
		{"a refused command is fatal with 126", &reaper.SpawnError{Op: "exec", Path: "x", Err: syscall.EACCES}, []string{"FATAL"}, 126},
		{"a missing directory is fatal with 126", &reaper.SpawnError{Op: "chdir", Path: "x", Err: syscall.ENOENT}, []string{"FATAL"}, 126},
		{"a full process table passes", &reaper.SpawnError{Op: "exec", Path: "x", Err: syscall.EAGAIN}, []string{"BACKOFF"}, 0},
		{"a shortage of descriptors passes", syscall.EMFILE, []string{"BACKOFF"}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, Options{Programs: []Program{tornado(1)}}, func(r *rig) {
				r.kernel.refuse = func(n int) error {
					if n == 1 {
						return tt.err
					}
					return nil
				}
				r.run()
				r.expectStates(tt.states...)
				if tt.code != 0 {
					r.expectEnd(tt.code, tt.err.Error())
					return
				}
				r.pass(backoffBase)
				r.expectStates("RUNNING")
				r.finish()
			})
		})
	}
}

func TestAutorestartDecidesWhatIsStartedAgain(t *testing.T) {
	tests := []struct {
		name        string
		autorestart lifecycle.Autorestart
		exit        reaper.Exit
		age         time.Duration
		state       string
		code        int
	}{
		{"always restarts a success", lifecycle.Always, reaper.Exit{}, time.Minute, "RUNNING", 0},
		{"unexpected leaves an expected code", lifecycle.Unexpected, reaper.Exit{Code: 7}, time.Minute, "EXITED", 7},
		{"unexpected leaves an expected code of a short life too", lifecycle.Unexpected, reaper.Exit{Code: 7}, 0, "EXITED", 7},
		{"unexpected restarts another code", lifecycle.Unexpected, reaper.Exit{Code: 1}, time.Minute, "RUNNING", 0},
		{"unexpected restarts after a signal", lifecycle.Unexpected, crash, time.Minute, "RUNNING", 0},
		{"never leaves a success", lifecycle.Never, reaper.Exit{}, 0, "EXITED", 0},
		{"never passes a code through, as tini does", lifecycle.Never, reaper.Exit{Code: 42}, 0, "EXITED", 42},
		{"never passes a signal through", lifecycle.Never, crash, time.Minute, "EXITED", 139},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := tornado(1)
			p.Autorestart, p.ExitCodes = tt.autorestart, []int{0, 7}
			inBubble(t, Options{Programs: []Program{p}}, func(r *rig) {
				r.run()
				r.pass(tt.age)
				r.die("tornado-8000", tt.exit)
				r.expectStates(tt.state)
				if tt.state == "EXITED" {
					r.expectEnd(tt.code, tt.exit.String())
					return
				}
				r.finish()
			})
		})
	}
}

func TestSeveralThatMayEndPassOnTheFirstCodeThatIsNotZero(t *testing.T) {
	p := tornado(4)
	p.Autorestart = lifecycle.Never
	inBubble(t, Options{Programs: []Program{p}}, func(r *rig) {
		r.run()
		r.die("tornado-8002", reaper.Exit{})
		r.die("tornado-8001", reaper.Exit{Code: 5})
		r.die("tornado-8000", reaper.Exit{Code: 6})
		r.expectStates("EXITED", "EXITED", "EXITED", "RUNNING")
		r.die("tornado-8003", reaper.Exit{})
		r.expectEnd(5, "exited with code 5")
	})
}

func TestFatalAmongTheEndedDecidesTheCode(t *testing.T) {
	p := tornado(2)
	p.Autorestart, p.ExitCodes, p.StartRetries = lifecycle.Unexpected, []int{0}, 0
	inBubble(t, Options{Programs: []Program{p}}, func(r *rig) {
		r.run()
		r.die("tornado-8000", reaper.Exit{})
		r.die("tornado-8001", reaper.Exit{Code: 2})
		r.expectEnd(2, "exited with code 2")
	})
}

func TestFatalWithCodeZeroEndsWithOne(t *testing.T) {
	p := tornado(1)
	p.StartRetries = 0
	inBubble(t, Options{Programs: []Program{p}}, func(r *rig) {
		r.run()
		r.die("tornado-8000", reaper.Exit{})
		r.expectEnd(1, "exited with code 0")
	})
}

func TestAProgramThatIsNotCriticalDoesNotEndTheFleet(t *testing.T) {
	side := Program{
		Group: "sides", Name: "side", Command: []string{"side"}, Ready: probe.Check{Kind: probe.None},
		Policy: lifecycle.Policy{StartSecs: time.Second},
	}
	inBubble(t, Options{Programs: []Program{tornado(1), side}}, func(r *rig) {
		r.run()
		r.die("side", reaper.Exit{Code: 1})
		r.expectStates("RUNNING", "FATAL")
		r.pass(time.Hour)
		r.expectStates("RUNNING", "FATAL")
		r.finish()
	})
}

func TestALateMessageAboutAnotherIncarnationChangesNothing(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(1)}, Quiesce: func() {}}, func(r *rig) {
		r.run()
		r.pass(time.Minute)
		first := r.process("tornado-8000")
		r.die("tornado-8000", crash)
		first.spec.Exited(crash)
		r.fleet.Drained(0, 1)
		r.fleet.Drained(0, 2) // not draining
		r.fleet.Drained(7, 1) // no such endpoint
		synctest.Wait()
		r.expectStates("RUNNING")
		r.expectLog(1, "an unknown incarnation ended")
		r.finish()
	})
}

// TestAFleetDoesNotOutliveAVitalProgram: workers that no client can reach are no service.
func TestAFleetDoesNotOutliveAVitalProgram(t *testing.T) {
	front := Program{Group: "percore", Name: "front", Command: []string{"front"}, Role: Role{Vital: true}, Policy: lifecycle.Policy{StartSecs: time.Second}}
	inBubble(t, Options{Programs: []Program{tornado(2), front}}, func(r *rig) {
		r.run()
		r.die("front", reaper.Exit{Code: 70})
		r.expectEnd(70, "exited with code 70")
	})
}

// Workers that end as soon as they are up must not keep each other from being given up.
func TestAPoolThatOnlyFlapsIsGivenUp(t *testing.T) {
	p := tornado(2)
	p.Ready = probe.Check{Kind: probe.None}
	inBubble(t, Options{Programs: []Program{p}}, func(r *rig) {
		r.run()
		for lives := 0; len(r.result) == 0; lives++ {
			if lives > 1000 {
				t.Fatalf("got no end after %v, want both given up", time.Since(r.start))
			}
			for _, name := range []string{"tornado-8000", "tornado-8001"} {
				r.process(name).end(reaper.Exit{Code: 9})
			}
			r.pass(100 * time.Millisecond)
		}
		r.expectEnd(9, "exited with code 9")
	})
}

func TestAGivenUpWorkerComesBackWhenASiblingHolds(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(2)}}, func(r *rig) {
		r.run()
		for _, pause := range []time.Duration{250 * time.Millisecond, 500 * time.Millisecond, time.Second} {
			r.die("tornado-8000", crash)
			r.die("tornado-8001", crash)
			r.pass(pause)
		}
		r.die("tornado-8000", crash)
		r.expectStates("BACKOFF", "RUNNING") // the other one has a try left
		r.die("tornado-8001", crash)
		r.expectStates("BACKOFF", "FATAL")
		r.pass(2 * time.Second)
		r.expectStates("RUNNING", "FATAL") // for now
		r.pass(time.Second)
		r.expectStates("RUNNING", "BACKOFF")
		r.pass(time.Minute)
		r.expectStates("RUNNING", "RUNNING")
		r.finish()
	})
}

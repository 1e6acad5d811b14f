package fleet

import (
	"context"
	"testing"
	"time"

	"percore/reaper"
	"percore/reaper/lifecycle"
	"percore/reaper/probe"
)

// migration is a program that comes first.
func migration() Program {
	return Program{
		Group: "percore", Name: "prestart", Command: []string{"migrate"}, Ready: probe.Check{Kind: probe.None}, Role: Role{First: true, Internal: true},
		Policy: lifecycle.Policy{StartRetries: 3, StartSecs: time.Second, Backoff: lifecycle.Backoff{Jitter: -1}},
	}
}

func TestNothingIsStartedBeforeWhatComesFirst(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(2), migration(), front()}}, func(r *rig) {
		r.run()
		r.pass(time.Hour)
		r.expectStates("STOPPED", "STOPPED", "STOPPED", "RUNNING")
		r.die("prestart", reaper.Exit{})
		r.expectStates("RUNNING", "RUNNING", "RUNNING")
		r.finish()
	})
}

func TestWhatComesFirstAndFailsIsTheEnd(t *testing.T) {
	for name, tt := range map[string]struct {
		exit reaper.Exit
		code int
	}{
		"a code": {reaper.Exit{Code: 4}, 4}, "a signal": {reaper.Exit{Signal: 11}, 139},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{Programs: []Program{tornado(2), migration()}, ExitOn: NeverExit}, func(r *rig) {
				r.run()
				r.die("prestart", tt.exit)
				r.expectEnd(tt.code, "")
				r.expectLog(1, "nothing is started: prestart failed")
				if got := len(r.kernel.processes); got != 1 {
					t.Errorf("got %d processes, want one", got)
				}
			})
		})
	}
}

func TestAStopReachesWhatComesFirst(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(2), migration()}, StopTimeout: 10 * time.Second}, func(r *rig) {
		r.kernel.obey = func(*fakeProcess) time.Duration { return -1 }
		r.run()
		r.fleet.Stop("SIGTERM")
		r.expectEnd(0, "SIGTERM")
		if took := r.ended.Sub(r.start); took > 10*time.Second {
			t.Errorf("stop: got %v, want it within 10s", took)
		}
		r.expectSignals("prestart", "SIGTERM", "SIGKILL")
	})
}

func TestWhatEndsAFleet(t *testing.T) {
	side := Program{
		Group: "side", Name: "side", Command: []string{"side"}, Ready: probe.Check{Kind: probe.None}, Policy: lifecycle.Policy{
			StartSecs: time.Minute, Backoff: lifecycle.Backoff{Jitter: -1},
		},
	}
	tests := []struct {
		name string
		when ExitOn
		dies string
		exit reaper.Exit
		code int // below 0: it goes on
	}{
		{"all-fatal does not mind another program", AllFatal, "side", reaper.Exit{Code: 3}, -1},
		{"any-fatal does", AnyFatal, "side", reaper.Exit{Code: 3}, 3},
		{"and a code of 0 is no success then", AnyFatal, "side", reaper.Exit{}, 1},
		{"any-fatal does not mind a worker that is restarted", AnyFatal, "tornado-8000", reaper.Exit{Code: 3}, -1},
		{"first-exit does", FirstExit, "tornado-8000", reaper.Exit{Code: 3}, 3},
		{"first-exit passes a success on", FirstExit, "side", reaper.Exit{}, 0},
		{"percore's own are another matter", FirstExit, "front", reaper.Exit{Code: 3}, -1},
		{"never", NeverExit, "side", reaper.Exit{Code: 3}, -1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, Options{Programs: []Program{tornado(2), side, front()}, ExitOn: tt.when}, func(r *rig) {
				r.run()
				r.pass(10 * time.Second)
				r.die(tt.dies, tt.exit)
				if tt.code >= 0 {
					r.expectEnd(tt.code, "")
					return
				}
				r.pass(time.Minute)
				r.expectGoing()
				r.finish()
			})
		})
	}
}

func TestAStopThatWasAskedForIsNoFirstExit(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(2)}, ExitOn: FirstExit}, func(r *rig) {
		r.run()
		if err := r.fleet.Do(context.Background(), Order{Verb: Stop, Processes: []string{"tornadoes:tornado-8000"}}, func(Outcome) {}); err != nil {
			t.Fatal(err)
		}
		r.pass(time.Minute)
		r.expectStates("STOPPED", "RUNNING")
		r.finish()
	})
}

func TestNoOrderGetsAheadOfWhatComesFirst(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(2), migration()}}, func(r *rig) {
		r.run()
		r.fleet.Roll("SIGHUP")
		r.fleet.Grow(1, "SIGTTIN")
		r.expectTold(r.give(order(Start, worker0)), ErrPreparing)
		changed := tornado(4)
		changed.Command = []string{"changed"}
		update := r.give(replace(changed))
		r.pass(time.Minute)
		r.expectUnderWay(update)
		r.expectStates("STOPPED", "STOPPED", "RUNNING")
		r.expectSignals("prestart")
		r.die("prestart", reaper.Exit{})
		r.pass(time.Minute)
		r.expectStates("RUNNING", "RUNNING", "RUNNING", "RUNNING")
		r.expectIncarnations(1, 1, 1, 1)
		if got := r.process("tornado-8003").spec.Args[0]; got != "changed" {
			t.Errorf("the workers: got %s, want them changed", got)
		}
		r.finish()
	})
}

// Two workers that keep failing: the first that has no tries left is not what ends the fleet as long as the other
// answers requests.
func TestAnyFatalDoesNotCountAWorkerWhoseSiblingServes(t *testing.T) {
	slow := tornado(2)
	slow.StartSecs = 10 * time.Second
	inBubble(t, Options{Programs: []Program{slow}, ExitOn: AnyFatal}, func(r *rig) {
		r.run()
		for range 4 {
			r.dieAgain("tornado-8000", crash)
		}
		for range 3 {
			r.dieAgain("tornado-8001", crash)
		}
		r.die("tornado-8001", crash)
		r.expectStates("RUNNING", "FATAL")
		r.expectGoing()
		r.die("tornado-8000", crash)
		r.expectEnd(139, "SIGSEGV")
	})
}

func TestAnyFatalGoesOnWhenTheSiblingLasts(t *testing.T) {
	slow := tornado(2)
	slow.StartSecs = 10 * time.Second
	inBubble(t, Options{Programs: []Program{slow}, ExitOn: AnyFatal}, func(r *rig) {
		r.run()
		for range 4 {
			r.dieAgain("tornado-8000", crash)
		}
		for range 3 {
			r.dieAgain("tornado-8001", crash)
		}
		r.die("tornado-8001", crash)
		r.pass(time.Minute)
		r.expectStates("RUNNING", "RUNNING")
		r.finish()
	})
}

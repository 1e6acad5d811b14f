package fleet

import (
	"errors"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"percore/reaper"
)

func replace(programs ...Program) Order { return Order{Verb: Replace, Programs: programs} }

func TestAnUpdateRestartsOnlyWhatMeansSomethingElse(t *testing.T) {
	other := tornado(1)
	other.Group, other.Name, other.PortsFrom = "others", "other", 9000
	inBubble(t, Options{Programs: []Program{front(), tornado(2), other}}, func(r *rig) {
		r.run()
		changed := tornado(2)
		changed.Env = append(changed.Env, "COLOUR=green")
		soft := other
		soft.StopWaitSecs = 3 * time.Second
		update := r.give(replace(front(), changed, soft))
		r.expectIncarnations(2, 1, 1)
		r.pass(10 * time.Second)
		r.expectTold(update, nil, "8000 stopped", "8000 started", "8001 stopped", "8001 started")
		r.expectIncarnations(2, 2, 1)
		if !slices.Contains(r.process("tornado-8001").spec.Env, "COLOUR=green") {
			t.Errorf("environment: got %v, want the new one", r.process("tornado-8001").spec.Env)
		}
		r.expectSignals("front")
		r.expectTold(r.give(replace(front(), changed, soft)), nil)
		r.finish()
	})
}

func TestAnUpdateAddsRemovesAndScales(t *testing.T) {
	other := tornado(1)
	other.Group, other.Name, other.PortsFrom, other.Traffic = "tornadoes", "tornado-x", 9000, false
	inBubble(t, Options{Programs: []Program{tornado(1)}}, func(r *rig) {
		r.run()
		r.expectTold(r.give(replace(tornado(2), other)), nil, "8001 started", "x-9000 started")
		r.expectNames("tornado-8000", "tornado-8001", "tornado-x-9000")
		r.pass(time.Minute)
		update := r.give(replace(tornado(2)))
		r.pass(time.Second)
		r.expectTold(update, nil, "x-9000 stopped")
		r.expectNames("tornado-8000", "tornado-8001")
		r.expectIncarnations(1, 1)
		r.finish()
	})
}

func program(r *rig, name string) string { return r.process(name).spec.Args[0] }

// giveBad is an update of the usual program to one whose second worker cannot start.
func giveBad(r *rig, workers int, more ...Program) {
	bad := tornado(workers)
	bad.Command = []string{"bad"}
	r.holdBack(8001, true)
	update := r.give(replace(append([]Program{bad}, more...)...))
	r.pass(2 * time.Second) // the first one is watched, and well
	r.holdBack(8001, false)
	r.die("tornado-8001", reaper.Exit{Code: 1})
	r.locked(func() {
		if !errors.Is(update.err, ErrHalted) {
			r.t.Errorf("got %v, want %v", update.err, ErrHalted)
		}
	})
}

func TestAfterAHaltedUpdateWorkersAreStartedAsBefore(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(3)}}, func(r *rig) {
		r.run()
		r.pass(5 * time.Second)
		giveBad(r, 3)
		if got := program(r, "tornado-8001"); got != "python3" {
			t.Errorf("the worker that failed: got %s at once, want what it was", got)
		}
		r.expectStates("RUNNING", "RUNNING", "RUNNING")
		r.expectIncarnations(2, 3, 1)
		const holds = "the last update was halted (tornadoes:tornado-8001: exited with code 1 after 1s) and does not hold; workers are started as before it"
		r.expectDegraded(holds + "; until their next start the new configuration is run by tornadoes:tornado-8000")
		r.pass(time.Minute)
		for _, name := range []string{"tornado-8000", "tornado-8001", "tornado-8002"} {
			r.die(name, crash)
			if got := program(r, name); got != "python3" {
				t.Errorf("%s after its crash: got %s, want what it was", name, got)
			}
		}
		r.expectDegraded(holds)
		r.give(order(Restart, worker0))
		r.pass(10 * time.Second)
		r.expectDegraded("")
		if got := program(r, "tornado-8000"); got != "python3" {
			t.Errorf("after a restart: got %s, want what holds", got)
		}
		moved := tornado(3)
		moved.PortsFrom = 7000
		refused := replace(moved)
		refused.Accepted = func() { t.Error("got a refused update accepted") }
		r.expectTold(r.give(refused), errors.ErrUnsupported)
		r.finish()
	})
}

func TestAHaltedUpdateOfOneProgramDoesNotComeBackWithTheNextOfAnother(t *testing.T) {
	other := tornado(1)
	other.Group, other.Name, other.PortsFrom, other.Traffic = "tornadoes", "tornado-x", 9000, false
	inBubble(t, Options{Programs: []Program{tornado(3), other}}, func(r *rig) {
		r.run()
		r.pass(5 * time.Second)
		giveBad(r, 3, other)
		changed := other
		changed.Env = append(changed.Env, "COLOUR=green")
		next := r.give(replace(tornado(3), changed))
		r.pass(time.Minute)
		r.expectTold(next, nil, "x-9000 stopped", "x-9000 started")
		for _, name := range []string{"tornado-8000", "tornado-8002"} {
			r.die(name, crash)
			if got := program(r, name); got != "python3" {
				t.Errorf("%s after its crash: got %s, want what it was", name, got)
			}
		}
		r.finish()
	})
}

func TestAHaltedUpdateIsTakenBackAsAWhole(t *testing.T) {
	gone := tornado(1)
	gone.Group, gone.Name, gone.PortsFrom, gone.Traffic = "others", "gone", 9000, false
	added := gone
	added.Name, added.PortsFrom = "added", 9100
	inBubble(t, Options{Programs: []Program{tornado(3), gone}}, func(r *rig) {
		r.run()
		r.pass(5 * time.Second)
		giveBad(r, 4, added)
		r.pass(time.Minute)
		r.expectNames("tornado-8000", "tornado-8001", "tornado-8002", "gone-9000")
		r.expectStates("RUNNING", "RUNNING", "RUNNING", "RUNNING")
		r.finish()
	})
}

// Given again, an update leaves those alone that have run it since.
func TestAHaltedUpdateCanBeGivenAgain(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(3)}}, func(r *rig) {
		r.run()
		r.pass(5 * time.Second)
		giveBad(r, 3)
		r.pass(time.Minute)
		good := tornado(3)
		good.Command = []string{"bad"}
		again := r.give(replace(good))
		r.pass(time.Minute)
		r.expectTold(again, nil, "8001 stopped", "8001 started", "8002 stopped", "8002 started")
		r.expectIncarnations(2, 4, 2)
		r.expectDegraded("")
		r.die("tornado-8000", crash)
		if got := program(r, "tornado-8000"); got != "bad" {
			t.Errorf("after its crash: got %s, want what holds now", got)
		}
		r.finish()
	})
}

func TestAfterAHaltedUpdateACommandThatIsNoneDoesNotCostAWorker(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(2)}}, func(r *rig) {
		r.run()
		r.pass(5 * time.Second)
		bad := tornado(2)
		bad.Command = []string{"bad"}
		r.kernel.refuse = func(n int) error {
			if n == 3 {
				return &reaper.SpawnError{Op: "find", Path: "bad", Err: syscall.ENOENT}
			}
			return nil
		}
		r.give(replace(bad))
		r.pass(time.Second)
		r.expectStates("RUNNING", "RUNNING")
		if got := program(r, "tornado-8000"); got != "python3" {
			t.Errorf("the worker that could not be started: got %s, want what it was", got)
		}
		r.finish()
	})
}

func TestAnUpdateKeepsTheRuleThatTheFirstExitEndsAll(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(2)}, ExitOn: FirstExit}, func(r *rig) {
		r.run()
		changed := tornado(2)
		changed.Env = append(changed.Env, "COLOUR=green")
		r.give(replace(changed))
		r.pass(10 * time.Second)
		r.expectIncarnations(2, 2)
		r.die("tornado-8000", reaper.Exit{Code: 3})
		r.expectEnd(3, "code 3")
	})
}

func TestAStopGoesByThePrioritiesOfAnUpdate(t *testing.T) {
	side := tornado(1)
	side.Group, side.Name, side.PortsFrom, side.Traffic, side.Priority = "sides", "side", 9000, false, 5
	inBubble(t, Options{Programs: []Program{tornado(1), side}, StopTimeout: 10 * time.Second}, func(r *rig) {
		r.kernel.obey = func(*fakeProcess) time.Duration { return time.Second }
		r.run()
		late := tornado(1)
		late.Priority = 10
		r.give(replace(late, side))
		r.pass(10 * time.Second)
		begun := time.Now()
		r.fleet.Stop("TERM")
		synctest.Wait()
		r.expectSignals("tornado-8000", "SIGTERM")
		r.expectSignals("side-9000")
		r.expectStoppedAfter(2*time.Second, begun)
	})
}

func TestAnUpdateHasTheNumberThatItSaysWhateverWasBefore(t *testing.T) {
	withFrontDoor(t, 2, func(r *rig) {
		r.run()
		r.fleet.Resize(1, "usable CPUs")
		synctest.Wait()
		if s := r.fleet.Status()[1]; s.Meant != 1 {
			t.Errorf("while one is draining: got %d workers meant, want 1", s.Meant)
		}
		r.drained(1)
		r.expectNames("front", "tornado-8000")
		r.expectTold(r.give(replace(front(), tornado(2))), nil, "8001 started")
		r.expectNames("front", "tornado-8000", "tornado-8001")
		r.finish()
	})
}

// The front door's environment tells it how much memory there is: that may have changed since, and is no reason to
// cut every request.
func TestAnUpdateLeavesPercoresOwnProcessesAlone(t *testing.T) {
	inBubble(t, Options{Programs: []Program{front(), tornado(1)}}, func(r *rig) {
		r.run()
		smaller := front()
		smaller.Env = []string{"GOMEMLIMIT=1000000"}
		changed := tornado(1)
		changed.Env = append(changed.Env, "COLOUR=green")
		update := r.give(replace(smaller, changed))
		r.pass(10 * time.Second)
		r.expectSignals("front")
		r.expectTold(update, nil, "8000 stopped", "8000 started")
		if s := r.fleet.Status()[0]; s.Incarnation != 1 {
			t.Fatalf("%s: got incarnation %d, want 1", s.Process, s.Incarnation)
		}
		r.dieAgain("front", crash)
		if got := r.process("front").spec.Env; !slices.Contains(got, "GOMEMLIMIT=1000000") {
			t.Errorf("the next front door: got environment %v, want the new one", got)
		}
		r.finish()
	})
}

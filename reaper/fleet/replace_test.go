package fleet

import (
	"errors"
	"slices"
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

func TestAHaltedUpdateLeavesTheOthersWhatTheyWere(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(2)}}, func(r *rig) {
		r.run()
		bad := tornado(2)
		bad.Command = []string{"bad"}
		update := r.give(replace(bad))
		r.die("tornado-8000", reaper.Exit{Code: 1})
		r.locked(func() {
			if !errors.Is(update.err, ErrHalted) {
				t.Errorf("got %v, want %v", update.err, ErrHalted)
			}
		})
		r.pass(time.Minute)
		r.die("tornado-8001", crash)
		if got := r.process("tornado-8001").spec.Args[0]; got != "python3" {
			t.Errorf("the other worker: got %s after its crash, want what it was", got)
		}
		moved := tornado(2)
		moved.PortsFrom = 7000
		refused := replace(moved)
		refused.Accepted = func() { t.Error("got a refused update accepted") }
		r.expectTold(r.give(refused), errors.ErrUnsupported)
		r.finish()
	})
}

func TestAnUpdateAfterAHaltedOneRunsWhatIsNew(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(2)}}, func(r *rig) {
		r.run()
		bad := tornado(2)
		bad.Command = []string{"bad"}
		r.give(replace(bad))
		r.die("tornado-8000", reaper.Exit{Code: 1})
		r.expectStates("BACKOFF", "RUNNING")
		good := tornado(2)
		good.Command = []string{"good"}
		mended := r.give(replace(good))
		if got := r.process("tornado-8000").spec.Args[0]; got != "good" {
			t.Fatalf("the worker that waited for its next start: got %s, want good", got)
		}
		r.pass(10 * time.Second)
		r.expectTold(mended, nil, "8000 stopped", "8000 started", "8001 stopped", "8001 started")
		r.expectDegraded("")
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

// The front door's environment tells it how much memory there is: that may have changed since, and is no reason to cut every request.
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

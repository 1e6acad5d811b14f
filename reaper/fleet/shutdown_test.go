package fleet

import (
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"percore/reaper"
	"percore/reaper/probe"
)

// withFrontDoor is a fleet of n workers and a front door that is told to quiesce.
func withFrontDoor(t *testing.T, n int, body func(*rig)) {
	t.Helper()
	var r *rig
	o := Options{Programs: []Program{front(), tornado(n)}, StopTimeout: 10 * time.Second}
	o.Quiesce = func() { r.quiesced = append(r.quiesced, time.Since(r.start)) }
	inBubble(t, o, func(inner *rig) {
		r = inner
		body(r)
	})
}

func (r *rig) expectStoppedAfter(want time.Duration, since time.Time) {
	r.t.Helper()
	r.expectEnd(0, "TERM")
	if got := time.Since(since); got != want {
		r.t.Errorf("stop: took %v, want %v", got, want)
	}
}

func TestEachWorkerIsStoppedWhenItsOwnRequestsAreDone(t *testing.T) {
	withFrontDoor(t, 2, func(r *rig) {
		r.run()
		r.expectStates("RUNNING", "RUNNING", "RUNNING")
		begun := time.Now()
		r.fleet.Stop("TERM")
		synctest.Wait()
		if len(r.quiesced) != 1 {
			t.Errorf("Quiesce: got %d calls, want 1", len(r.quiesced))
		}
		r.expectStates("RUNNING", "STOPPING", "STOPPING")
		r.expectEndpoints(Up, Up)
		r.expectSignals("tornado-8000")
		r.pass(time.Second)
		r.fleet.Drained(0, 1)
		synctest.Wait()
		r.expectSignals("tornado-8000", "SIGTERM")
		r.expectSignals("tornado-8001")
		r.expectEndpoints(Down, Up)
		r.expectStates("RUNNING", "STOPPED", "STOPPING")
		r.expectSignals("front")
		r.pass(time.Second)
		r.fleet.Drained(1, 1)
		synctest.Wait()
		r.expectSignals("front", "SIGTERM")
		r.expectStoppedAfter(2*time.Second, begun)
	})
}

func TestRequestsMayTakeSeventyPercentOfTheBudget(t *testing.T) {
	withFrontDoor(t, 2, func(r *rig) {
		r.run()
		begun := time.Now()
		r.fleet.Stop("TERM")
		r.pass(7*time.Second - time.Millisecond)
		r.expectSignals("tornado-8000")
		r.pass(time.Millisecond)
		r.expectSignals("tornado-8000", "SIGTERM")
		r.expectSignals("tornado-8001", "SIGTERM")
		r.expectLog(2, "requests are still in flight")
		r.expectStoppedAfter(7*time.Second, begun)
	})
}

func TestDeafWorkersAreKilledOneSecondBeforeTheEnd(t *testing.T) {
	withFrontDoor(t, 1, func(r *rig) {
		r.kernel.obey = func(*fakeProcess) time.Duration { return -1 }
		r.run()
		begun := time.Now()
		r.fleet.Stop("TERM")
		r.fleet.Drained(0, 1)
		r.pass(9*time.Second - time.Millisecond)
		r.expectSignals("tornado-8000", "SIGTERM")
		r.expectEndpoints(Draining)
		r.pass(time.Millisecond)
		r.expectSignals("tornado-8000", "SIGTERM", "SIGKILL")
		r.expectSignals("front", "SIGTERM")
		r.expectStoppedAfter(9750*time.Millisecond, begun)
		r.expectSignals("front", "SIGTERM", "SIGKILL")
	})
}

func TestStopWaitSecsComesBeforeTheBudget(t *testing.T) {
	p := tornado(1)
	p.StopWaitSecs = 2 * time.Second
	inBubble(t, Options{Programs: []Program{p}}, func(r *rig) {
		r.kernel.obey = func(*fakeProcess) time.Duration { return -1 }
		r.run()
		begun := time.Now()
		r.fleet.Stop("TERM")
		r.expectStoppedAfter(2*time.Second, begun)
		r.expectSignals("tornado-8000", "SIGTERM", "SIGKILL")
		r.expectLog(1, "worker does not stop")
	})
}

func TestWithoutAFrontDoorAllAreStoppedAtOnceInParallel(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(8)}}, func(r *rig) {
		r.kernel.obey = func(*fakeProcess) time.Duration { return 300 * time.Millisecond }
		r.run()
		begun := time.Now()
		r.fleet.Stop("TERM")
		r.expectStoppedAfter(300*time.Millisecond, begun)
		r.expectLog(8, "next=stopped")
	})
}

func TestASecondStopKillsAtOnce(t *testing.T) {
	withFrontDoor(t, 2, func(r *rig) {
		r.run()
		begun := time.Now()
		r.fleet.Stop("TERM")
		r.pass(time.Second)
		r.fleet.Stop("TERM again")
		r.expectStoppedAfter(time.Second, begun)
		r.expectSignals("tornado-8000", "SIGKILL")
		r.expectSignals("front", "SIGKILL")
	})
}

func TestTheBudgetHoldsEvenForWhatCannotBeKilled(t *testing.T) {
	withFrontDoor(t, 1, func(r *rig) {
		r.kernel.obey = func(*fakeProcess) time.Duration { return -1 }
		r.kernel.unkillable = true
		r.run()
		begun := time.Now()
		r.fleet.Stop("TERM")
		r.expectStoppedAfter(10*time.Second, begun)
		r.expectLog(1, `msg="stop timeout is over" left="percore:front tornadoes:tornado-8000"`)
	})
}

func TestASmallBudgetIsKeptToo(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(1)}, StopTimeout: time.Second}, func(r *rig) {
		r.kernel.obey = func(*fakeProcess) time.Duration { return -1 }
		r.run()
		begun := time.Now()
		r.fleet.Stop("TERM")
		r.expectStoppedAfter(800*time.Millisecond, begun)
	})
}

func TestWorkersAreRestartedDuringTheLameDuck(t *testing.T) {
	var quiesced time.Time
	o := Options{Programs: []Program{front(), tornado(1)}, LameDuck: 3 * time.Second}
	o.Quiesce = func() { quiesced = time.Now() }
	inBubble(t, o, func(r *rig) {
		r.run()
		r.pass(time.Minute)
		begun := time.Now()
		r.fleet.Stop("TERM")
		r.pass(time.Second)
		r.die("tornado-8000", crash)
		r.expectStates("RUNNING", "RUNNING")
		r.pass(2 * time.Second)
		if got := quiesced.Sub(begun); got != 3*time.Second {
			t.Errorf("Quiesce: got it after %v, want 3s", got)
		}
		r.fleet.Drained(0, 2)
		r.expectStoppedAfter(3*time.Second, begun)
	})
}

func TestTheFrontDoorIsRestartedWhileWorkersDrain(t *testing.T) {
	withFrontDoor(t, 1, func(r *rig) {
		r.run()
		r.fleet.Stop("TERM")
		r.pass(time.Second)
		r.die("front", crash)
		r.expectStates("RUNNING", "STOPPING")
		r.fleet.Drained(0, 1)
		r.expectEnd(0, "TERM")
	})
}

func TestAWorkerThatDiesWhileItDrainsStaysDown(t *testing.T) {
	withFrontDoor(t, 2, func(r *rig) {
		r.run()
		r.fleet.Stop("TERM")
		r.pass(time.Second)
		r.die("tornado-8000", crash)
		r.expectStates("RUNNING", "STOPPED", "STOPPING")
		r.expectEndpoints(Down, Up)
		r.fleet.Drained(1, 1)
		r.expectEnd(0, "TERM")
	})
}

func TestAStopFindsWorkersInEveryState(t *testing.T) {
	withFrontDoor(t, 3, func(r *rig) {
		r.holdBack(8001, true)
		r.run()
		r.die("tornado-8002", reaper.Exit{Code: 1})
		r.expectStates("RUNNING", "RUNNING", "STARTING", "BACKOFF")
		begun := time.Now()
		r.fleet.Stop("TERM")
		synctest.Wait()
		r.expectStates("RUNNING", "STOPPING", "STOPPED", "STOPPED")
		r.expectSignals("tornado-8001", "SIGTERM")
		r.fleet.Drained(0, 1)
		r.expectStoppedAfter(0, begun)
	})
}

func TestAStopBeforeRunEndsTheRun(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(2)}}, func(r *rig) {
		r.fleet.Stop("TERM")
		begun := time.Now()
		r.run()
		r.expectStoppedAfter(0, begun)
	})
}

func TestGivingUpStopsTheRestAndKeepsTheCode(t *testing.T) {
	withFrontDoor(t, 1, func(r *rig) {
		r.kernel.obey = func(*fakeProcess) time.Duration { return time.Second }
		r.kernel.refuse = func(n int) error {
			if n == 2 {
				return &reaper.SpawnError{Op: "exec", Path: "python3", Err: syscall.EACCES}
			}
			return nil
		}
		r.run()
		r.expectStates("STOPPING", "FATAL")
		r.fleet.Stop("TERM") // it stops already; this is not a second call
		synctest.Wait()
		r.expectSignals("front", "SIGTERM")
		r.expectEnd(126, "exec python3: permission denied")
		r.expectLog(1, "level=ERROR msg=\"fleet ended\"")
	})
}

func TestPrioritiesStartInOrderAndStopInReverse(t *testing.T) {
	program := func(name string, priority int) Program {
		return Program{Group: "g", Name: name, Command: []string{name}, Role: Role{Priority: priority}, Ready: probe.Check{Kind: probe.None}}
	}
	programs := []Program{program("late", 30), program("early", 10), program("middle", 20)}
	inBubble(t, Options{Programs: programs}, func(r *rig) {
		r.kernel.obey = func(*fakeProcess) time.Duration { return time.Second }
		r.run()
		for i, want := range []string{"early", "middle", "late"} {
			if got := r.kernel.processes[i].spec.Path; got != want {
				t.Errorf("start %d: got %s, want %s", i, got, want)
			}
		}
		begun := time.Now()
		r.fleet.Stop("TERM")
		r.pass(500 * time.Millisecond)
		r.expectStates("RUNNING", "RUNNING", "STOPPING")
		r.pass(time.Second)
		r.expectStates("RUNNING", "STOPPING", "STOPPED")
		r.expectStoppedAfter(3*time.Second, begun)
	})
}

func TestAnIdleFleetHasNoTimer(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(2)}}, func(r *rig) {
		r.run()
		r.pass(time.Second)
		r.eachWorker(func(w *worker) {
			if w.alarm != nil {
				t.Errorf("%s: got an armed timer, want none", w.title)
			}
		})
		published := len(r.published)
		r.pass(24 * time.Hour)
		if got := len(r.published); got != published {
			t.Errorf("snapshots in an idle day: got %d, want none", got-published)
		}
		r.finish()
	})
}

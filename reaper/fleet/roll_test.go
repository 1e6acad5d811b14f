package fleet

import (
	"errors"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"percore/reaper"
	"percore/reaper/probe"
)

// drained reports the requests of a worker's current incarnation as done, as the front door does.
func (r *rig) drained(endpoint int) {
	r.t.Helper()
	incarnation := uint64(0)
	for _, s := range r.fleet.Status() {
		if s.Endpoint == endpoint {
			incarnation = s.Incarnation
		}
	}
	r.fleet.Drained(endpoint, incarnation)
	synctest.Wait()
}

// expectIncarnations compares those of all workers but the front door.
func (r *rig) expectIncarnations(want ...uint64) {
	r.t.Helper()
	var got []uint64
	for _, s := range r.fleet.Status() {
		if s.Port != 0 {
			got = append(got, s.Incarnation)
		}
	}
	for i := range want {
		if len(got) != len(want) || got[i] != want[i] {
			r.t.Fatalf("incarnations after %v: got %v, want %v", time.Since(r.start), got, want)
		}
	}
}

func (r *rig) expectDegraded(want string) {
	r.t.Helper()
	got := r.fleet.Condition().Degraded
	if want == "" && got != "" || !strings.Contains(got, want) {
		r.t.Fatalf("degraded: got %q, want %q", got, want)
	}
}

func TestARollReplacesOneWorkerAfterAnother(t *testing.T) {
	withFrontDoor(t, 2, func(r *rig) {
		r.kernel.obey = func(*fakeProcess) time.Duration { return 100 * time.Millisecond }
		r.run()
		r.fleet.Roll("SIGHUP")
		synctest.Wait()
		r.expectEndpoints(Draining, Up)
		r.expectSignals("tornado-8000")
		r.pass(3 * time.Second)
		r.expectSignals("tornado-8000") // its requests are still in flight
		if got := r.fleet.Condition().Maintenance; got != "rolling restart (SIGHUP): tornadoes:tornado-8000 retiring, 0 done, 1 to come" {
			t.Errorf("maintenance: got %q", got)
		}
		r.holdBack(8000, true)
		r.drained(0)
		r.expectSignals("tornado-8000", "SIGTERM")
		r.pass(time.Second)
		r.expectStates("RUNNING", "STARTING", "RUNNING")
		r.expectEndpoints(Down, Up)
		r.holdBack(8000, false)
		r.pass(probe.PauseMax)
		r.expectEndpoints(Up, Up)
		r.expectSignals("tornado-8001") // 8000 is being watched
		r.pass(time.Second)
		r.expectEndpoints(Up, Draining)
		r.drained(1)
		r.pass(2 * time.Second)
		r.expectIncarnations(2, 2)
		r.expectStates("RUNNING", "RUNNING", "RUNNING")
		r.expectLog(1, `msg="maintenance done" what="rolling restart" reason=SIGHUP workers=2`)
		r.expectDegraded("")
		if got := r.fleet.Condition().Maintenance; got != "" {
			t.Errorf("maintenance: got %q, want none", got)
		}
		r.finish()
	})
}

func TestTheFrontDoorIsNoPartOfARoll(t *testing.T) {
	inBubble(t, Options{Programs: []Program{front(), tornado(1)}}, func(r *rig) {
		r.run()
		r.fleet.Roll("SIGHUP")
		r.pass(time.Minute)
		r.expectIncarnations(2)
		r.expectSignals("front")
		r.finish()
	})
}

func TestARollByOrderTellsEachStep(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(3)}}, func(r *rig) {
		r.run()
		roll := r.give(order(Restart, worker0, worker1))
		r.expectUnderWay(roll)
		r.pass(10 * time.Second)
		r.expectTold(roll, nil, "8000 stopped", "8000 started", "8001 stopped", "8001 started")
		r.expectIncarnations(2, 2, 1)
		r.finish()
	})
}

func TestARestartByOrderStartsWhatIsNotRunning(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(2)}}, func(r *rig) {
		r.run()
		r.expectTold(r.give(order(Stop, worker1)), nil, "8001 stopped")
		roll := r.give(order(Restart, worker0, worker1))
		r.pass(10 * time.Second)
		r.expectTold(roll, nil, "8001 started", "8000 stopped", "8000 started")
		r.expectStates("RUNNING", "RUNNING")
		r.finish()
	})
}

func TestARollBeginsWithWhatServesNobody(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(3)}}, func(r *rig) {
		r.run()
		r.holdBack(8002, true)
		r.die("tornado-8002", reaper.Exit{Code: 1})
		r.expectStates("RUNNING", "RUNNING", "BACKOFF")
		r.holdBack(8002, false)
		r.fleet.Roll("SIGHUP")
		synctest.Wait()
		r.expectIncarnations(1, 1, 2)
		r.pass(time.Minute)
		r.expectIncarnations(2, 2, 2)
		r.finish()
	})
}

func TestARollHaltsAtTheFirstFailure(t *testing.T) {
	tests := []struct {
		name    string
		prepare func(*rig)
		fail    func(*rig)
		reason  string
	}{
		{
			"the new version cannot be started",
			func(r *rig) {
				r.kernel.refuse = func(n int) error {
					if n == 3 {
						return &reaper.SpawnError{Op: "find", Path: "x", Err: syscall.ENOENT}
					}
					return nil
				}
			},
			func(*rig) {}, "find x: no such file",
		},
		{
			"it ends before it is ready",
			func(r *rig) { r.holdBack(8000, true) },
			func(r *rig) { r.die("tornado-8000", reaper.Exit{Code: 3}) }, "exited with code 3",
		},
		{
			"it is not ready in time",
			func(r *rig) { r.holdBack(8000, true) },
			func(r *rig) { r.pass(defaultReadyTimeout) }, "killed by SIGKILL after 1m0s",
		},
		{
			"it ends while it is watched",
			func(*rig) {},
			func(r *rig) {
				r.pass(900 * time.Millisecond)
				r.die("tornado-8000", crash)
			}, "killed by SIGSEGV after 900ms",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, Options{Programs: []Program{tornado(2)}}, func(r *rig) {
				r.run()
				tt.prepare(r)
				roll := r.give(order(Restart, worker0, worker1))
				tt.fail(r)
				r.locked(func() {
					if !roll.done || !errors.Is(roll.err, ErrHalted) || !strings.Contains(roll.err.Error(), tt.reason) {
						t.Errorf("order: got done %v, %v; want it halted because it %s", roll.done, roll.err, tt.reason)
					}
				})
				r.pass(time.Hour)
				r.expectDegraded("rolling restart halted: tornadoes:tornado-8000: " + tt.reason)
				r.expectLog(1, `msg="rolling restart halted"`)
				if got := r.fleet.Status()[1]; got.Incarnation != 1 || !got.Ready {
					t.Errorf("the other worker: got %+v, want it left alone", got)
				}
				r.holdBack(8000, false)
				r.fleet.Roll("SIGHUP")
				r.pass(time.Hour)
				r.expectDegraded("")
				r.expectStates("RUNNING", "RUNNING")
				r.finish()
			})
		})
	}
}

func TestARollIsNotHaltedByWhatIsNotTheWorkersFault(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(2)}}, func(r *rig) {
		r.kernel.refuse = func(n int) error {
			if n == 3 || n == 4 {
				return &reaper.SpawnError{Op: "exec", Path: "x", Err: syscall.EAGAIN}
			}
			return nil
		}
		r.run()
		roll := r.give(order(Restart, worker0, worker1))
		r.pass(900 * time.Millisecond)
		r.expectStates("RUNNING", "RUNNING")
		r.die("tornado-8000", outside)
		r.expectStates("BACKOFF", "RUNNING")
		r.expectUnderWay(roll)
		r.pass(time.Minute)
		r.expectTold(roll, nil, "8000 stopped", "8000 started", "8001 stopped", "8001 started")
		r.finish()
	})
}

func TestOneRollAtATime(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(2)}}, func(r *rig) {
		r.run()
		roll := r.give(order(Restart, worker0))
		r.expectTold(r.give(order(Restart, worker1)), ErrBusy)
		for range 3 {
			r.fleet.Roll("SIGHUP") // one of them follows
		}
		r.pass(time.Minute)
		r.expectTold(roll, nil, "8000 stopped", "8000 started")
		r.expectIncarnations(3, 2)
		r.expectLog(2, "a rolling restart is due already")
		r.finish()
	})
}

func TestWhatIsStoppedByOrderIsLeftOutOfTheRoll(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(3)}}, func(r *rig) {
		r.run()
		r.expectTold(r.give(order(Stop, "tornadoes:tornado-8002")), nil, "8002 stopped")
		roll := r.give(order(Restart, worker0, worker1))
		r.expectTold(r.give(order(Stop, worker0)), nil, "8000 stopped")
		r.pass(time.Minute)
		r.expectTold(roll, ErrOverruled, "8000 stopped", "8000 not started", "8001 stopped", "8001 started")
		r.fleet.Roll("SIGHUP")
		r.pass(time.Minute)
		r.expectStates("STOPPED", "RUNNING", "STOPPED")
		r.finish()
	})
}

func TestAStopByOrderHoldsAgainstTheRollUnderWay(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(2)}}, func(r *rig) {
		r.kernel.obey = func(*fakeProcess) time.Duration { return 100 * time.Millisecond }
		r.run()
		roll := r.give(order(Restart, worker0, worker1))
		r.expectStates("STOPPING", "RUNNING")
		stop := r.give(order(Stop, worker1))
		r.pass(10 * time.Second)
		r.expectTold(stop, nil, "8001 stopped")
		r.expectTold(roll, ErrOverruled, "8000 stopped", "8000 started", "8001 not started")
		r.expectStates("RUNNING", "STOPPED")
		r.finish()
	})
}

func TestAStopByOrderHoldsAgainstARecyclingThatIsDue(t *testing.T) {
	withFrontDoor(t, 2, func(r *rig) {
		r.run()
		r.fleet.Roll("SIGHUP")
		synctest.Wait()
		r.fleet.Exhausted(1, 1)
		r.pass(time.Second)
		stop := r.give(order(Stop, worker1))
		r.drained(1)
		r.expectTold(stop, nil, "8001 stopped")
		r.drained(0)
		r.pass(time.Minute)
		r.expectStates("RUNNING", "RUNNING", "STOPPED")
		r.finish()
	})
}

func TestAStopOfTheWholeEndsTheRoll(t *testing.T) {
	withFrontDoor(t, 2, func(r *rig) {
		r.run()
		roll := r.give(order(Restart, worker0, worker1))
		begun := time.Now()
		r.fleet.Stop("TERM")
		synctest.Wait()
		r.expectTold(roll, ErrStopping)
		r.expectTold(r.give(order(Start, worker0)), ErrStopping)
		r.drained(0)
		r.drained(1)
		r.expectStoppedAfter(0, begun)
	})
}

// TestNobodyWaitsLongForTheOnlyWorker: the front door holds requests for ten seconds, of which a deaf worker gets
// five.
func TestNobodyWaitsLongForTheOnlyWorker(t *testing.T) {
	tests := []struct {
		name     string
		requests time.Duration // how long the last one takes
		patience time.Duration // from StopSignal to SIGKILL
	}{
		{"without a request it has all of the time", 0, 5 * time.Second},
		{"a request in flight takes some of it", 3 * time.Second, 2 * time.Second},
		{"some is always left", 8 * time.Second, time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := Options{Programs: []Program{front(), tornado(1)}, Quiesce: func() {}, HoldMax: 5 * time.Second}
			inBubble(t, o, func(r *rig) {
				r.kernel.obey = func(*fakeProcess) time.Duration { return -1 }
				r.run()
				r.fleet.Roll("SIGHUP")
				r.pass(tt.requests)
				r.drained(0)
				r.pass(tt.patience - time.Millisecond)
				r.expectSignals("tornado-8000", "SIGTERM")
				r.pass(time.Second)
				r.expectIncarnations(2)
				r.finish()
			})
		})
	}
}

func TestADeafWorkerHasAllItsTimeWhileAnotherServes(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(2)}, HoldMax: time.Second}, func(r *rig) {
		r.kernel.obey = func(*fakeProcess) time.Duration { return -1 }
		r.run()
		r.fleet.Roll("SIGHUP")
		r.pass(defaultStopWait - time.Millisecond)
		r.expectSignals("tornado-8000", "SIGTERM")
		r.expectIncarnations(1, 1)
		r.pass(time.Second)
		r.expectIncarnations(2, 1)
		r.finish()
	})
}

func TestADrainedWorkerRunsOnWithoutTraffic(t *testing.T) {
	withFrontDoor(t, 2, func(r *rig) {
		r.run()
		drain := r.give(order(Drain, worker0))
		r.expectEndpoints(Draining, Up)
		r.expectUnderWay(drain)
		r.drained(0)
		r.expectTold(drain, nil, "8000 drained")
		r.expectStates("RUNNING", "RUNNING", "RUNNING")
		r.pass(time.Hour)
		r.expectSignals("tornado-8000")
		r.expectTold(r.give(order(Drain, worker0)), nil, "8000 drained")
		r.expectTold(r.give(order(Undrain, worker0)), nil, "8000 undrained")
		r.expectEndpoints(Up, Up)
		drain = r.give(order(Drain, worker0))
		r.expectUnderWay(drain)
		r.give(order(Undrain, worker0))
		r.expectTold(drain, ErrOverruled, "8000 not drained")
		r.finish()
	})
}

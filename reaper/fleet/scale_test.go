package fleet

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"percore/reaper/probe"
)

func (r *rig) expectNames(want ...string) {
	r.t.Helper()
	var got []string
	for _, s := range r.fleet.Status() {
		got = append(got, s.Name)
	}
	if !slices.Equal(got, want) {
		r.t.Fatalf("processes after %v: got %v, want %v", time.Since(r.start), got, want)
	}
}

func scale(group string, n int) Order { return Order{Verb: Scale, Group: group, Count: n} }

func TestScalingUpStartsAllThatAreMissing(t *testing.T) {
	inBubble(t, Options{Programs: []Program{front(), tornado(2)}}, func(r *rig) {
		r.run()
		r.holdBack(8002, true)
		up := r.give(scale("", 4))
		r.expectNames("front", "tornado-8000", "tornado-8001", "tornado-8002", "tornado-8003")
		r.expectStates("RUNNING", "RUNNING", "RUNNING", "STARTING", "RUNNING")
		r.expectEndpoints(Up, Up, Down, Up)
		r.expectUnderWay(up)
		r.holdBack(8002, false)
		r.pass(probe.PauseMax)
		r.expectTold(up, nil, "8003 started", "8002 started")
		r.finish()
	})
}

func TestScalingDownRetiresTheHighestAfterTheirRequests(t *testing.T) {
	withFrontDoor(t, 4, func(r *rig) {
		r.run()
		down := r.give(scale("tornadoes", 2))
		r.expectEndpoints(Up, Up, Draining, Draining)
		r.pass(time.Second)
		r.drained(3)
		r.expectStates("RUNNING", "RUNNING", "RUNNING", "STOPPING", "STOPPED")
		r.expectUnderWay(down)
		r.drained(2)
		r.expectTold(down, nil, "8003 stopped", "8002 stopped")
		r.expectNames("front", "tornado-8000", "tornado-8001")
		r.expectEndpoints(Up, Up)
		r.finish()
	})
}

func TestAReturningSlotHasItsNameAndItsHistory(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(2)}}, func(r *rig) {
		r.run()
		r.fleet.Grow(-1, "SIGTTOU")
		synctest.Wait()
		r.expectNames("tornado-8000")
		r.fleet.Grow(1, "SIGTTIN")
		synctest.Wait()
		r.expectNames("tornado-8000", "tornado-8001")
		r.expectIncarnations(1, 2)
		r.finish()
	})
}

func TestOneWorkerAlwaysStays(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(1)}}, func(r *rig) {
		r.run()
		r.fleet.Grow(-1, "SIGTTOU")
		r.fleet.Resize(1, "cpus")
		r.pass(time.Minute)
		r.expectStates("RUNNING")
		r.expectIncarnations(1)
		r.expectLog(1, "number of workers stays")
		r.finish()
	})
}

func TestScalingKnowsItsLimits(t *testing.T) {
	p := tornado(2)
	p.WorkersMax = 3
	inBubble(t, Options{Programs: []Program{p}}, func(r *rig) {
		r.run()
		for n, want := range map[int]error{0: ErrRange, 4: ErrRange, 3: nil} {
			err := r.fleet.Do(context.Background(), scale("tornadoes", n), nil)
			if !errors.Is(err, want) {
				t.Errorf("scale %d: got %v, want %v", n, err, want)
			}
		}
		if err := r.fleet.Do(context.Background(), scale("nobody", 1), nil); !errors.Is(err, ErrNoProcess) {
			t.Errorf("scale of nobody: got %v, want %v", err, ErrNoProcess)
		}
		r.finish()
	})
}

func TestTheLastOfManyChangesHolds(t *testing.T) {
	withFrontDoor(t, 3, func(r *rig) {
		r.run()
		r.fleet.Resize(1, "cpus")
		synctest.Wait()
		r.expectEndpoints(Up, Draining, Draining)
		for _, n := range []int{5, 1, 2} {
			r.fleet.Resize(n, "cpus")
		}
		synctest.Wait()
		r.drained(1)
		r.drained(2)
		r.pass(time.Second)
		r.expectNames("front", "tornado-8000", "tornado-8001")
		r.expectStates("RUNNING", "RUNNING", "RUNNING")
		r.expectIncarnations(1, 2)
		r.finish()
	})
}

func TestScalingWaitsForTheRoll(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(2)}}, func(r *rig) {
		r.run()
		r.fleet.Roll("SIGHUP")
		r.fleet.Grow(1, "SIGTTIN")
		r.pass(1500 * time.Millisecond)
		r.expectNames("tornado-8000", "tornado-8001")
		r.pass(time.Minute)
		r.expectIncarnations(2, 2, 1)
		r.finish()
	})
}

func TestEveryWorkerHasAnEndpointOfItsOwn(t *testing.T) {
	other := tornado(2)
	other.Group, other.Name, other.PortsFrom = "others", "other", 9000
	inBubble(t, Options{Programs: []Program{tornado(2), other}}, func(r *rig) {
		r.run()
		r.fleet.Resize(4, "cpus")
		r.pass(time.Second)
		seen := map[int]string{}
		for _, s := range r.fleet.Status() {
			if twin := seen[s.Endpoint]; twin != "" || s.Endpoint < 0 {
				t.Errorf("endpoint %d: got %s and %s", s.Endpoint, twin, s.Process)
			}
			seen[s.Endpoint] = s.Process
		}
		r.expectNames("tornado-8000", "tornado-8001", "tornado-8002", "tornado-8003", "other-9000", "other-9001")
		r.finish()
	})
}

func TestPercoresOwnProgramsAreNotScaled(t *testing.T) {
	inBubble(t, Options{Programs: []Program{front(), tornado(1)}}, func(r *rig) {
		r.run()
		r.expectTold(r.give(scale("percore", 2)), ErrOwn)
		r.expectNames("front", "tornado-8000")
		r.finish()
	})
}

func TestADrainByOrderEndsWithTheSlot(t *testing.T) {
	for name, linger := range map[string]time.Duration{"it has gone": 0, "it is about to go": 3 * time.Second} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{Programs: []Program{tornado(2)}}, func(r *rig) {
				r.kernel.obey = func(*fakeProcess) time.Duration { return linger }
				r.run()
				r.expectTold(r.give(order(Drain, worker1)), nil, "8001 drained")
				r.give(Order{Verb: Scale, Count: 1})
				r.give(Order{Verb: Scale, Count: 2})
				r.pass(10 * time.Second)
				r.expectStates("RUNNING", "RUNNING")
				r.expectEndpoints(Up, Up)
				r.finish()
			})
		})
	}
}

func TestScalingByADifference(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(2)}}, func(r *rig) {
		r.run()
		by := func(n int) Order { return Order{Verb: Scale, Count: n, Relative: true} }
		r.give(by(2))
		r.pass(time.Second)
		r.expectNames("tornado-8000", "tornado-8001", "tornado-8002", "tornado-8003")
		r.give(by(-3))
		r.pass(time.Second)
		r.expectNames("tornado-8000")
		r.expectTold(r.give(by(-1)), ErrRange)
		r.expectNames("tornado-8000")
		r.finish()
	})
}

func TestWhatAWorkerIsWaitedFor(t *testing.T) {
	o := Options{Programs: []Program{tornado(2)}, Quiesce: func() {}}
	inBubble(t, o, func(r *rig) {
		r.kernel.obey = func(*fakeProcess) time.Duration { return 5 * time.Second }
		r.holdBack(8000, true)
		r.run()
		expect := func(i int, want Waiting, left time.Duration) {
			t.Helper()
			if s := r.fleet.Status()[i]; s.Waiting != want || want != ForNothing && time.Until(s.WaitingUntil) != left {
				t.Errorf("worker %d: got %v until %v from now, want %v until %v", i, s.Waiting, time.Until(s.WaitingUntil), want, left)
			}
		}
		expect(0, ForReady, 60*time.Second)
		expect(1, ForNothing, 0)
		r.give(order(Stop, worker1))
		r.pass(time.Second)
		expect(1, ForRequests, 29*time.Second)
		r.fleet.Drained(1, 1)
		r.pass(time.Second)
		expect(1, ForEnd, 9*time.Second)
		r.pass(5 * time.Second)
		expect(1, ForNothing, 0)
		r.finish()
	})
}

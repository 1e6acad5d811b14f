package fleet

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"percore/reaper"
	"percore/reaper/probe"
)

func TestAWorkerThatHasHadItsRequestsIsReplacedWhenTheOthersAreWell(t *testing.T) {
	p := tornado(3)
	p.Limits = Limits{Requests: 100, RequestsJitter: 9}
	o := Options{Programs: []Program{p}, Rand: func() float64 { return 0.5 }}
	inBubble(t, o, func(r *rig) {
		r.run()
		r.locked(func() {
			if got := r.published[len(r.published)-1][0].RequestsMax; got != 105 {
				t.Errorf("limit: got %d, want 105", got)
			}
		})
		r.holdBack(8002, true)
		r.die("tornado-8002", crash)
		for range 5 {
			r.fleet.Exhausted(0, 1)
			r.fleet.Exhausted(1, 1)
			r.fleet.Exhausted(1, 7)
		}
		r.pass(time.Second)
		r.expectIncarnations(1, 1, 2)
		r.expectSignals("tornado-8000")
		r.holdBack(8002, false)
		r.pass(time.Minute)
		r.expectIncarnations(2, 2, 2)
		r.expectLog(4, "is past its limit: 105 requests") // two begin and end
		r.finish()
	})
}

func TestALifetimeEnds(t *testing.T) {
	p := tornado(2)
	p.Limits = Limits{Lifetime: time.Hour}
	inBubble(t, Options{Programs: []Program{p}}, func(r *rig) {
		r.run()
		r.pass(time.Hour - time.Millisecond)
		r.expectIncarnations(1, 1)
		r.pass(10 * time.Second)
		r.expectIncarnations(2, 2)
		r.expectStates("RUNNING", "RUNNING")
		r.finish()
	})
}

func TestMemoryHasALimit(t *testing.T) {
	p := tornado(2)
	p.Limits = Limits{RSS: 100 << 20}
	resident := func(pid int) int64 {
		if pid == 1 {
			return 101 << 20
		}
		return 99 << 20
	}
	inBubble(t, Options{Programs: []Program{p}, Resident: resident}, func(r *rig) {
		r.run()
		r.pass(time.Minute)
		for i, want := range []uint64{2, 1} {
			if got := r.fleet.Status()[i].Incarnation; got != want {
				t.Errorf("worker %d: got incarnation %d, want %d", i, got, want)
			}
		}
		r.expectLog(2, "resident memory of 101 MB") // its beginning and its end
		r.finish()
	})
}

// sickTornado is checked at /health every five seconds, three failures are too many.
func sickTornado(n int) Program {
	p := tornado(n)
	p.Health = probe.Health{Check: probe.Check{Kind: probe.HTTP, Path: "/health"}, Interval: 5 * time.Second, Timeout: 2 * time.Second, Failures: 3}
	return p
}

func silent(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }

func unwell(context.Context) error { return fmt.Errorf("%w: status 503", probe.ErrUnwell) }

func (r *rig) makeSick(port int, how func(context.Context) error) {
	r.locked(func() { r.sick[port] = how })
}

func TestAHungWorkerIsTakenOutOfTrafficAndKilled(t *testing.T) {
	o := Options{Programs: []Program{front(), sickTornado(2)}, Quiesce: func() {}}
	inBubble(t, o, func(r *rig) {
		r.kernel.obey = func(*fakeProcess) time.Duration { return -1 }
		r.run()
		r.pass(time.Hour)
		r.expectIncarnations(1, 1)
		r.makeSick(8001, silent)
		r.pass(17*time.Second + time.Millisecond)
		r.expectEndpoints(Up, Draining)
		r.expectSignals("tornado-8001", "SIGTERM")
		r.expectLog(1, "worker is out of traffic")
		r.makeSick(8001, nil)
		r.pass(hungPatience)
		r.expectIncarnations(1, 2)
		r.expectEndpoints(Up, Up)
		r.finish()
	})
}

func TestAnUnwellWorkerMayFinishItsRequests(t *testing.T) {
	o := Options{Programs: []Program{front(), sickTornado(1)}, Quiesce: func() {}}
	inBubble(t, o, func(r *rig) {
		r.run()
		r.makeSick(8000, unwell)
		r.pass(15 * time.Second)
		r.expectEndpoints(Draining)
		r.expectSignals("tornado-8000")
		r.makeSick(8000, nil)
		r.drained(0)
		r.expectIncarnations(2)
		r.finish()
	})
}

func TestAFewFailuresAreForgiven(t *testing.T) {
	inBubble(t, Options{Programs: []Program{sickTornado(1)}}, func(r *rig) {
		r.run()
		checks := 0
		r.makeSick(8000, func(context.Context) error {
			if checks++; checks%3 == 0 {
				return nil
			}
			return errors.New("refused")
		})
		r.pass(time.Hour)
		r.expectIncarnations(1)
		if checks < 700 {
			t.Errorf("checks: got %d in an hour, want 720", checks)
		}
		r.finish()
	})
}

func TestAnAilingWorkerComesBeforeTheNextOfARoll(t *testing.T) {
	p := sickTornado(3)
	p.StartSecs = 10 * time.Second // a roll that takes its time
	inBubble(t, Options{Programs: []Program{p}}, func(r *rig) {
		r.run()
		r.pass(time.Minute)
		r.makeSick(8002, silent)
		r.pass(14 * time.Second)
		roll := r.give(order(Restart, worker0, worker1, "tornadoes:tornado-8002"))
		r.pass(4 * time.Second)
		r.expectIncarnations(2, 1, 1)
		r.makeSick(8002, nil)
		r.pass(2 * time.Second)
		r.expectIncarnations(2, 1, 2)
		r.pass(time.Minute)
		r.expectIncarnations(2, 2, 3)
		r.expectTold(roll, nil, "8000 stopped", "8000 started", "8001 stopped", "8001 started", "8002 stopped", "8002 started")
		r.finish()
	})
}

func TestAShortageUsesUpNoRetries(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(1)}}, func(r *rig) {
		r.kernel.refuse = func(n int) error {
			if n <= 20 {
				return &reaper.SpawnError{Op: "exec", Path: "x", Err: syscall.EAGAIN}
			}
			return nil
		}
		r.run()
		r.pass(time.Hour)
		r.expectStates("RUNNING")
		r.finish()
	})
}

func TestAWorkerThatWasGivenUpComesBackWhenASiblingServes(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(2)}}, func(r *rig) {
		r.holdBack(8000, true)
		r.holdBack(8001, true)
		r.run()
		for range 3 {
			r.dieAgain("tornado-8001", crash)
		}
		r.die("tornado-8001", crash)
		r.expectStates("STARTING", "FATAL")
		r.holdBack(8000, false)
		r.holdBack(8001, false)
		r.pass(time.Minute)
		r.expectStates("RUNNING", "RUNNING")
		synctest.Wait()
		r.finish()
	})
}

package stack

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"
	"time"

	"percore/e2e/load"
	"percore/e2e/proc"
	"percore/e2e/rig"
)

// answers waits until a load has had so many more right answers than it had before.
func answers(t *testing.T, r *load.Run, more int) {
	t.Helper()
	before := r.Result().OK()
	rig.Eventually(t, startTime, func() error {
		if got := r.Result(); got.OK() < before+more {
			return fmt.Errorf("right answers: got %d, want %d: %v", got.OK(), before+more, got)
		}
		return nil
	})
}

// kill sends SIGKILL to a process of a container, from outside.
func kill(t *testing.T, p proc.Process) {
	t.Helper()
	if err := syscall.Kill(p.PID, syscall.SIGKILL); err != nil && err != syscall.ESRCH {
		t.Fatalf("kill %v: %v", p, err)
	}
}

// TestNoGETFailsWhileAWorkerIsKilledEvery300Milliseconds kills any worker, also one that is only starting. It waits where
// none serves: a machine so busy that a start takes longer than 300ms would otherwise never get one up.
func TestNoGETFailsWhileAWorkerIsKilledEvery300Milliseconds(t *testing.T) {
	needRoot(t)
	c := up(t, ours(t)).service("tornado").serving()
	first := c.first()
	r := load.Start(load.Options{Address: c.direct(), Clients: 8, KeepAlive: true, Pause: 5 * time.Millisecond})
	killed := 0
	ticker := time.NewTicker(300 * time.Millisecond)
	defer ticker.Stop()
	for began := time.Now(); time.Since(began) < 20*time.Second; <-ticker.C {
		if workers := children(first, isWorker); slices.ContainsFunc(workers, listens) {
			kill(t, workers[rand.IntN(len(workers))])
			killed++
		}
	}
	answers(t, r, 100)
	got := r.Stop()
	t.Logf("%d workers killed: %v", killed, got)
	if got.Failed() > 0 {
		t.Errorf("got %d failed requests after %d kills, want none", got.Failed(), killed)
	}
	if killed < 10 {
		t.Errorf("workers killed: got %d, want 10 and more, or this says nothing", killed)
	}
}

func TestAKilledFrontDoorFailsOnlyWhatWasInFlightInIt(t *testing.T) {
	needRoot(t)
	c := up(t, ours(t)).service("tornado").serving()
	first := c.first()
	const clients = 8
	soonest := time.Hour
	for range 3 {
		old := frontDoor(t, first)
		r := load.Start(load.Options{Address: c.direct(), Clients: clients, KeepAlive: true, Path: "/slow?s=0.02"})
		answers(t, r, 10*clients)
		began := time.Now()
		kill(t, old)
		rig.Eventually(t, startTime, func() error {
			if now := proc.State(old.PID); now != "" && now != "Z" {
				return fmt.Errorf("front door: got state %s, want it dead", now)
			}
			return nil
		})
		died := time.Now()
		rig.Eventually(t, startTime, func() error {
			if doors := children(first, isFrontDoor); len(doors) != 1 || doors[0].PID == old.PID {
				return fmt.Errorf("front door: got %v, want one that is not %d", doors, old.PID)
			}
			return nil
		})
		soonest = min(soonest, time.Since(began))
		answers(t, r, 10*clients)
		onlyWhatWasInFlight(t, r.Stop(), began, died, clients)
	}
	// The best of three, because other work on the machine can delay any one of them.
	rig.WantWithin(t, "a new front door", soonest, 100*time.Millisecond)
}

// onlyWhatWasInFlight judges a load during which the front door was killed, and died a little later.
func onlyWhatWasInFlight(t *testing.T, got load.Result, killed, died time.Time, clients int) {
	t.Helper()
	t.Logf("%v", got)
	if n := got.Count(load.Refused) + got.Count(load.NoConnection); n > 0 {
		t.Errorf("got %d connections refused, want none", n)
	}
	if got.Lost() > clients {
		t.Errorf("got %d requests lost, want one of each of %d clients at most", got.Lost(), clients)
	}
	killedAt, diedAt := killed.Sub(got.Began), died.Sub(got.Began)
	for _, f := range got.Failures {
		if f.At > diedAt || f.At+f.Took < killedAt {
			t.Errorf("front door killed at %v and dead at %v: got a failure that was not in flight then: %v", killedAt, diedAt, f)
		}
	}
}

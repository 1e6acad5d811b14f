package fleet

import (
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"percore/reaper/lifecycle"
	"percore/reaper/probe"
)

func TestAForwardedSignalReachesWorkersAndIsRewritten(t *testing.T) {
	p := tornado(2)
	p.SignalMap = map[syscall.Signal]syscall.Signal{
		syscall.SIGHUP: syscall.SIGUSR2, syscall.SIGWINCH: 0, syscall.SIGTERM: syscall.SIGQUIT,
		syscall.SIGKILL: syscall.SIGTERM,
	}
	inBubble(t, Options{Programs: []Program{p, front()}, StopTimeout: 5 * time.Second}, func(r *rig) {
		r.kernel.obey = func(*fakeProcess) time.Duration { return -1 }
		r.run()
		for _, sig := range []syscall.Signal{syscall.SIGUSR1, syscall.SIGHUP, syscall.SIGWINCH} {
			r.fleet.Forward(sig)
		}
		synctest.Wait()
		r.expectSignals("tornado-8000", "SIGUSR1", "SIGUSR2")
		r.expectSignals("tornado-8001", "SIGUSR1", "SIGUSR2")
		r.expectSignals("front")
		r.fleet.Stop("SIGTERM")
		<-r.result
		r.expectSignals("tornado-8000", "SIGUSR1", "SIGUSR2", "SIGQUIT", "SIGKILL")
	})
}

func TestPrioritiesOrderTheStartAndShareTheBudget(t *testing.T) {
	program := func(name string, priority int) Program {
		return Program{
			Group: name, Name: name, Command: []string{name}, Ready: probe.Check{Kind: probe.None},
			Role: Role{Priority: priority}, Policy: lifecycle.Policy{Backoff: lifecycle.Backoff{Jitter: -1}},
		}
	}
	web := tornado(1)
	web.Priority, web.Traffic = 999, false
	o := Options{Programs: []Program{web, program("last", 1000), program("database", 1), front()}, StopTimeout: 10 * time.Second}
	inBubble(t, o, func(r *rig) {
		r.kernel.obey = func(*fakeProcess) time.Duration { return -1 } // every one takes all the time it gets
		r.run()
		var order []string
		for _, p := range r.kernel.processes {
			order = append(order, p.spec.Args[0])
		}
		if want := []string{"percore", "database", "python3", "last"}; !slices.Equal(order, want) {
			t.Errorf("start: got %q, want %q", order, want)
		}
		r.fleet.Stop("SIGTERM")
		r.expectEnd(0, "SIGTERM")
		for _, name := range []string{"last", "tornado-8000", "database", "front"} {
			r.expectSignals(name, "SIGTERM", "SIGKILL")
		}
		if took := r.ended.Sub(r.start); took >= 10*time.Second {
			t.Errorf("stop: got %v, want it within the budget of 10s", took)
		}
	})
}

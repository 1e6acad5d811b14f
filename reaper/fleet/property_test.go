package fleet

import (
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"percore/reaper"
)

// TestRandomEventsBreakNoPromise throws what can happen at a fleet in random order, and looks at it
// after each event.
func TestRandomEventsBreakNoPromise(t *testing.T) {
	for seed := range uint64(150) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) { randomLife(t, seed) })
	}
}

// randomLife gives the test, the fleet and the kernel each a source of chance: they run side by side.
func randomLife(t *testing.T, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 1))
	p := tornado(1 + random.IntN(4))
	p.Backoff.Jitter = 0.2
	p.StartRetries = random.IntN(5) - 1
	p.ReadyTimeout = 3 * time.Second
	p.StopWaitSecs = time.Duration(1+random.IntN(20)) * time.Second
	o := Options{Programs: []Program{front(), p}, Rand: rand.New(rand.NewPCG(seed, 2)).Float64}
	if random.IntN(3) > 0 {
		o.Quiesce = func() {}
	}
	inBubble(t, o, func(r *rig) {
		scriptKernel(r.kernel, rand.New(rand.NewPCG(seed, 3)))
		r.run()
		var stopped time.Time
		for range 60 {
			before := time.Now()
			if randomEvent(r, p, random) && stopped.IsZero() {
				stopped = before
			}
			synctest.Wait()
			checkPromises(r)
		}
		if stopped.IsZero() {
			stopped = time.Now()
			r.fleet.Stop("the end")
		}
		<-r.result
		if got := r.ended.Sub(stopped); got > defaultStopTimeout {
			t.Errorf("stop: took %v, want at most %v", got, defaultStopTimeout)
		}
		for _, process := range r.kernel.processes {
			if !process.ended {
				t.Errorf("pid %d: got alive after Run, want ended", process.pid)
			}
		}
	})
}

// scriptKernel makes some spawns fail and some workers deaf.
func scriptKernel(k *fakeKernel, random *rand.Rand) {
	k.refuse = func(int) error {
		if random.IntN(10) == 0 {
			return &reaper.SpawnError{Op: "exec", Path: "x", Err: syscall.EAGAIN}
		}
		return nil
	}
	k.obey = func(*fakeProcess) time.Duration {
		return time.Duration(random.IntN(5000)-1000) * time.Millisecond
	}
}

// randomEvent does one thing and reports whether it was a stop.
func randomEvent(r *rig, p Program, random *rand.Rand) (stop bool) {
	port := p.PortsFrom + random.IntN(p.Workers)
	switch random.IntN(16) {
	case 0:
		r.holdBack(port, true)
	case 1, 2:
		r.holdBack(port, false)
	case 3:
		r.fleet.Drained(random.IntN(p.Workers), uint64(random.IntN(10)))
	case 4:
		if random.IntN(10) == 0 {
			r.fleet.Stop("chance")
			return true
		}
	case 5, 6:
		r.pass(time.Duration(random.IntN(40)) * time.Second)
	case 7, 8:
		r.pass(time.Duration(random.IntN(900)) * time.Millisecond)
	case 9:
		r.fleet.Roll("chance")
	case 10:
		r.fleet.Grow(random.IntN(5)-2, "chance")
	case 11:
		r.fleet.Exhausted(random.IntN(p.Workers), uint64(random.IntN(10)))
	case 12:
		r.give(order([]Verb{Start, Stop, Restart, Drain, Undrain}[random.IntN(5)], worker0))
	default:
		endOne(r, random)
	}
	return false
}

func endOne(r *rig, random *rand.Rand) {
	r.kernel.mu.Lock()
	processes := r.kernel.processes
	r.kernel.mu.Unlock()
	if len(processes) == 0 {
		return
	}
	exits := []reaper.Exit{{}, {Code: 1}, crash, outside}
	processes[max(0, len(processes)-1-random.IntN(4))].end(exits[random.IntN(len(exits))])
}

func checkPromises(r *rig) {
	r.t.Helper()
	r.kernel.mu.Lock()
	alive := make(map[int]bool)
	for _, p := range r.kernel.processes {
		if !p.ended {
			alive[p.pid] = true
		}
	}
	r.kernel.mu.Unlock()
	status := r.fleet.Status()
	for _, s := range status {
		if s.Ready && s.PID == 0 {
			r.t.Fatalf("%s: got ready without a process", s.Process)
		}
		if s.PID != 0 && !alive[s.PID] {
			r.t.Fatalf("%s: got pid %d, which is dead", s.Process, s.PID)
		}
		delete(alive, s.PID)
	}
	if len(alive) != 0 {
		r.t.Fatalf("processes without an owner: got %v, want none", alive)
	}
	r.fleet.mail.post(func() {
		m := r.fleet.maintenance
		if len(m.tasks) > 1 && m.current.purpose != scaling {
			r.t.Errorf("maintenance: got %d tasks of a %v at once, want one", len(m.tasks), m.current.purpose)
		}
	})
	r.eachWorker(func(w *worker) {
		if w.delay > 36*time.Second || w.delay < 0 {
			r.t.Errorf("%s: got a back-off of %v, want at most 36s", w.title, w.delay)
		}
		if w.alive() != w.state.HasProcess() {
			r.t.Errorf("%s: got state %v with a process: %v", w.title, w.state, w.alive())
		}
	})
}

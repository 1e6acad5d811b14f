package fleet

import (
	"testing"
	"time"

	"percore/reaper/lifecycle"
)

func TestStatusSpeaksOfNowAndOfTheLastTime(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(2)}}, func(r *rig) {
		if got := r.fleet.Status()[0]; got.State != lifecycle.StateStopped || got.PID != 0 || got.Uptime(time.Now()) != 0 {
			t.Errorf("before Run: got %+v, want STOPPED without a process", got)
		}
		r.run()
		r.pass(time.Minute)
		got := r.fleet.Status()[1]
		want := WorkerStatus{
			Process: "tornadoes:tornado-8001", Group: "tornadoes", Name: "tornado-8001", Program: "tornado", Index: 1, Meant: 2, Endpoint: 1, Port: 8001,
			State: lifecycle.StateRunning, Wanted: true, Ready: true, PID: 2, Started: r.start, Incarnation: 1, Starts: 1,
		}
		if got != want || got.Uptime(time.Now()) != time.Minute {
			t.Errorf("running: got %+v, up %v; want %+v, up 1m", got, got.Uptime(time.Now()), want)
		}
		r.finish()
	})
}

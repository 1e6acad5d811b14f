package fleet

import (
	"os"
	"testing"
	"testing/synctest"
	"time"

	"percore/reaper/notify"
)

// freeze keeps the fleet's goroutine from its work for so long, as a pause of the container does. What happens
// meanwhile waits.
func (r *rig) freeze(d time.Duration) {
	r.fleet.mail.post(func() { time.Sleep(d) })
	synctest.Wait()
}

// sayAfterThePause has a worker say something as soon as it runs again, which is behind everything that rang
// meanwhile.
func (r *rig) sayAfterThePause(d time.Duration, pid int, text string) {
	time.AfterFunc(d+time.Millisecond, func() {
		r.fleet.mail.post(func() { r.fleet.upkeep.heed(notify.Sender{PID: pid, UID: os.Getuid()}, text) })
	})
}

func TestAPauseIsNoSilence(t *testing.T) {
	notifying(t, 2, func(r *rig) {
		for pid := range 2 {
			r.notice(1+pid, "READY=1\nWATCHDOG=1")
		}
		for _, pause := range []time.Duration{time.Second, 10 * time.Second, time.Minute} {
			for _, before := range []time.Duration{0, 7 * time.Second, 12 * time.Second} {
				r.pass(before)
				r.sayAfterThePause(pause, 1, "WATCHDOG=1")
				r.sayAfterThePause(pause, 2, "WATCHDOG=1")
				r.freeze(pause)
				r.pass(pause + 10*time.Millisecond)
			}
		}
		r.expectIncarnations(1, 1)
		r.freeze(time.Minute)
		r.sayAfterThePause(time.Minute, 2, "WATCHDOG=1")
		r.pass(time.Minute + 15*time.Second) // the first one says nothing more
		r.expectIncarnations(2, 1)
		r.expectLog(1, `pid=1 reason="watchdog: no word for 15s"`)
	})
}

func TestAPauseIsNoSlowStart(t *testing.T) {
	notifying(t, 1, func(r *rig) {
		r.pass(2 * time.Second)
		r.freeze(50 * time.Second)
		r.pass(70 * time.Second) // of the sixty it has had twenty-two, and what is left of the quarter in which it paused
		r.expectStates("STARTING")
		r.expectLog(1, "percore did not run for a while")
		r.notice(1, "READY=1")
		r.expectStates("RUNNING")
		r.expectLog(0, "not ready in time")
	})
}

func TestAPauseIsNoStopThatTakesTooLong(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(2)}}, func(r *rig) {
		r.kernel.obey = func(*fakeProcess) time.Duration { return 61 * time.Second } // right after the pause
		r.run()
		r.pass(5 * time.Second)
		r.give(order(Stop, worker0))
		r.pass(8 * time.Second)
		r.freeze(53 * time.Second)
		r.pass(54 * time.Second)
		r.expectSignals("tornado-8000", "SIGTERM")
		r.expectStates("STOPPED", "RUNNING")
		r.kernel.obey = nil
		r.finish()
	})
}

func TestAPauseIsNoDrainThatTakesTooLong(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(2)}, Quiesce: func() {}}, func(r *rig) {
		r.run()
		r.pass(5 * time.Second)
		r.give(order(Stop, worker0))
		r.pass(25 * time.Second)
		r.freeze(time.Minute)
		r.pass(time.Minute + time.Second)
		r.expectSignals("tornado-8000")
		r.drained(0)
		r.expectSignals("tornado-8000", "SIGTERM")
		r.finish()
	})
}

func TestAPauseIsNoLeaveThatTakesTooLong(t *testing.T) {
	notifying(t, 1, func(r *rig) {
		r.notice(1, "READY=1")
		r.notice(1, "STOPPING=1")
		r.pass(defaultStopWait - time.Second)
		r.freeze(time.Minute)
		r.pass(time.Minute + 2*time.Second)
		r.expectIncarnations(1)
		r.expectLog(0, "still there")
	})
}

func TestTheRollWatchesForAsLongAsItRuns(t *testing.T) {
	p := tornado(2)
	p.StartSecs = 4 * time.Second
	inBubble(t, Options{Programs: []Program{p}}, func(r *rig) {
		r.run()
		r.pass(10 * time.Second)
		r.fleet.Roll("test")
		r.pass(10 * time.Millisecond)
		r.expectIncarnations(2, 1)
		r.freeze(time.Minute)
		r.pass(time.Minute + 3900*time.Millisecond)
		r.expectIncarnations(2, 1) // it has been watched for ten milliseconds before the pause, and not for four seconds after it
		r.pass(10 * time.Second)
		r.expectIncarnations(2, 2)
		r.finish()
	})
}

func TestAStopThatIsPausedGoesOn(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(2)}, Quiesce: func() {}}, func(r *rig) {
		r.run()
		r.pass(5 * time.Second)
		r.fleet.Stop("test")
		r.pass(6 * time.Second)
		r.freeze(time.Minute)
		r.pass(time.Minute + 100*time.Millisecond)
		r.expectSignals("tornado-8000") // it has a request, and time for it
		r.expectLog(0, "stop timeout is over")
		r.drained(0)
		r.drained(1)
		r.expectEnd(0, "test")
	})
}

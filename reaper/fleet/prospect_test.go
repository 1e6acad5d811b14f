package fleet

import (
	"testing"
	"time"
)

// prospects is what the front door was told last of the first endpoint; due is from now, 0 for none.
func (r *rig) prospects() (coming, proven bool, due time.Duration) {
	r.locked(func() {
		e := r.published[len(r.published)-1][0]
		coming, proven = e.Coming, e.Proven
		if !e.Due.IsZero() {
			due = time.Until(e.Due)
		}
	})
	return coming, proven, due
}

func (r *rig) expectProspects(when string, coming, proven bool, due time.Duration) {
	r.t.Helper()
	if c, p, d := r.prospects(); c != coming || p != proven || d != due {
		r.t.Errorf("%s: got coming %t, proven %t, due in %v, want %t, %t, %v", when, c, p, d, coming, proven, due)
	}
}

func TestTheFrontDoorIsToldWhatToExpectOfAWorkerThatIsNotUp(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(1)}, ExitOn: NeverExit}, func(r *rig) {
		r.holdBack(8000, true)
		r.run()
		r.expectProspects("while it starts for the first time", true, false, 0)
		r.die("tornado-8000", crash)
		r.expectStates("BACKOFF")
		r.expectProspects("in its first back-off", true, false, 250*time.Millisecond)
		r.holdBack(8000, false)
		r.pass(time.Second)
		r.expectStates("RUNNING")
		r.expectProspects("when it is up", false, true, 0)
		r.pass(time.Minute)
		r.holdBack(8000, true)
		r.die("tornado-8000", crash)
		r.expectStates("STARTING")
		r.expectProspects("while it starts again", true, true, 0)
		for _, due := range []time.Duration{250 * time.Millisecond, 500 * time.Millisecond, time.Second} {
			r.die("tornado-8000", crash)
			r.expectStates("BACKOFF")
			r.expectProspects("in back-off", true, true, due)
			r.pass(due)
		}
		r.die("tornado-8000", crash)
		r.expectStates("FATAL")
		r.expectProspects("when it is given up", false, true, 0)
		r.finish()
	})
}

func TestAWorkerThatIsReplacedIsToComeAndOneThatIsStoppedIsNot(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(1)}, Quiesce: func() {}}, func(r *rig) {
		r.run()
		r.pass(time.Minute)
		r.fleet.Roll("the test wants it")
		r.pass(time.Second) // its last request is not said to be done
		r.expectEndpoints(Draining)
		r.expectProspects("while it is replaced", true, true, 0)
		r.drained(0)
		r.pass(time.Second)
		r.expectEndpoints(Up)
		r.pass(time.Minute)
		r.give(order(Stop, worker0))
		r.expectEndpoints(Draining)
		r.expectProspects("while it stops by order", false, true, 0)
		r.drained(0)
		r.pass(time.Second)
		r.expectStates("STOPPED")
		r.expectProspects("when it has stopped", false, true, 0)
		r.finish()
	})
}

func TestNobodyIsToComeWhenTheFleetStops(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(1)}}, func(r *rig) {
		r.holdBack(8000, true)
		r.run()
		r.fleet.Stop("the test wants it")
		r.pass(time.Millisecond)
		r.expectProspects("after the stop began", false, false, 0)
		r.finish()
	})
}

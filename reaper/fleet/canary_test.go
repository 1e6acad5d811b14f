package fleet

import (
	"strings"
	"testing"
	"time"

	"percore/reaper"
)

// failing are workers that are never ready and end by themselves after a tenth of a second, or a little more where
// the code is above 3.
func failing(t *testing.T, n int, code func(p *fakeProcess) int, body func(*rig)) {
	t.Helper()
	inBubble(t, Options{Programs: []Program{tornado(n)}}, func(r *rig) {
		for port := range n {
			r.holdBack(8000+port, true)
		}
		r.kernel.born = func(p *fakeProcess) {
			if c := code(p); c > 0 {
				time.AfterFunc(time.Duration(c)*100*time.Millisecond/3, func() { p.end(reaper.Exit{Code: c}) })
			}
		}
		r.run()
		body(r)
	})
}

func TestOneWorkerIsTriedForAFleetThatNeverServed(t *testing.T) {
	failing(t, 4, func(*fakeProcess) int { return 3 }, func(r *rig) {
		r.pass(200 * time.Millisecond)
		r.expectStates("BACKOFF", "BACKOFF", "BACKOFF", "BACKOFF")
		r.expectLog(3, `next="waits for tornadoes:tornado-800`)
		r.expectEnd(3, "exited with code 3 after 100ms")
		r.expectLog(4+3, `msg="worker started"`)
		r.expectLog(1, `msg="workers are given up: the one that was tried again failed as they did"`)
		r.expectStates("FATAL", "FATAL", "FATAL", "FATAL")
	})
}

func TestTheOthersFollowACanaryThatServes(t *testing.T) {
	tries := 0
	failing(t, 3, func(*fakeProcess) int {
		if tries++; tries <= 4 {
			return 3
		}
		return 0
	}, func(r *rig) {
		for port := range 3 {
			r.holdBack(8000+port, false)
		}
		r.holdBack(8000, true)
		r.holdBack(8001, true)
		r.holdBack(8002, true)
		r.pass(time.Second) // one of them failed twice, and is up now
		for port := range 3 {
			r.holdBack(8000+port, false)
		}
		r.pass(time.Second)
		r.expectStates("RUNNING", "RUNNING", "RUNNING")
		r.finish()
	})
}

// A worker that fails in another way than the canary may have another reason, and gets its own tries.
func TestAWorkerThatFailsInAnotherWayIsTriedAsWell(t *testing.T) {
	failing(t, 2, func(p *fakeProcess) int {
		if strings.HasSuffix(strings.Join(p.spec.Args, " "), "8000") {
			return 3
		}
		return 4
	}, func(r *rig) {
		r.expectEnd(4, "exited with code 4")
		r.expectLog(4+4, `msg="worker started"`)
	})
}

func TestACanaryThatIsStoppedHasASuccessor(t *testing.T) {
	failing(t, 2, func(*fakeProcess) int { return 3 }, func(r *rig) {
		r.pass(150 * time.Millisecond)
		canary := 0
		if strings.Contains(r.log.String(), "waits for tornadoes:tornado-8001") {
			canary = 1
		}
		r.give(order(Stop, []string{worker0, worker1}[canary]))
		r.pass(time.Minute)
		want := []string{"FATAL", "FATAL"}
		want[canary] = "STOPPED"
		r.expectStates(want...)
		r.finish()
	})
}

package fleet

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"percore/reaper"
	"percore/reaper/lifecycle"
	"percore/reaper/probe"
)

// frontDoor is percore's own program, as the entry point describes it.
func frontDoor() Program {
	return Program{
		Group: "percore", Name: "front", Command: []string{"percore", "front"}, Workers: 1,
		Policy: lifecycle.Policy{
			StartSecs: time.Second, StartRetries: -1,
			Backoff: lifecycle.Backoff{Base: 10 * time.Millisecond, Cap: time.Second, Jitter: -1},
		},
		Ready: probe.Check{Kind: probe.None},
		Role:  Role{Vital: true, Internal: true}, Output: Output{Inherit: true},
	}
}

// front is the living process of the front door.
func (r *rig) front() *fakeProcess {
	for _, p := range r.kernel.processes {
		if !p.ended && p.spec.Args[len(p.spec.Args)-1] == "front" {
			return p
		}
	}
	r.t.Fatal("there is no front door")
	return nil
}

func TestOfACrashOfPercoresOwnTheFirstLinesAreTold(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(1), frontDoor()}}, func(r *rig) {
		r.run()
		r.pass(time.Minute)
		p := r.front()
		if _, err := p.spec.Files[2].WriteString("runtime: out of threads\nfatal error: newosproc\n\nruntime stack:\nruntime.throw()\n" + strings.Repeat("goroutine 7\n", 1000)); err != nil {
			t.Fatal(err)
		}
		p.end(reaper.Exit{Code: 2})
		r.pass(time.Second)
		if log := r.log.String(); !strings.Contains(log, `fatal error: newosproc\nruntime stack:\nruntime.throw()"`) || strings.Contains(log, "goroutine 7") {
			t.Errorf("log: got\n%s\nwant the first four lines of the crash alone", log)
		}
		r.front() // it is back
		r.finish()
	})
}

// TestAFrontDoorThatLimitsDoNotAllowIsRefused again and again, more and more seldom, and in the end the fleet gives
// up, where it may.
func TestAFrontDoorThatLimitsDoNotAllowIsRefused(t *testing.T) {
	for exitOn, ends := range map[ExitOn]bool{AllFatal: true, NeverExit: false} {
		refusals := 0
		front := frontDoor()
		front.Check = func() error {
			refusals++
			return errors.New("the front door needs 13 processes and threads, and pids.max=28 leaves 6")
		}
		inBubble(t, Options{Programs: []Program{tornado(1), front}, ExitOn: exitOn}, func(r *rig) {
			r.run()
			r.pass(time.Minute)
			if log := r.log.String(); !strings.Contains(log, "pids.max=28 leaves 6") {
				t.Errorf("log: got\n%s\nwant it to name the limit", log)
			}
			if over := len(r.result) > 0; over != ends {
				t.Errorf("ExitOn %d: fleet ended %v, want %v", exitOn, over, ends)
			}
			if refusals > 30 {
				t.Errorf("refusals in a minute: got %d, want fewer and fewer", refusals)
			}
			if !ends {
				r.finish()
			}
		})
	}
}

// TestAFrontDoorThatHasServedIsTriedForEver: what took up the limit may end.
func TestAFrontDoorThatHasServedIsTriedForEver(t *testing.T) {
	var full atomic.Bool
	front := frontDoor()
	front.Check = func() error {
		if full.Load() {
			return errors.New("no room")
		}
		return nil
	}
	inBubble(t, Options{Programs: []Program{tornado(1), front}}, func(r *rig) {
		r.run()
		r.pass(time.Minute)
		full.Store(true)
		r.front().end(reaper.Exit{Code: 2})
		r.pass(time.Hour)
		full.Store(false)
		r.pass(10 * time.Second)
		r.front()
		r.finish()
	})
}

func TestAHungProcessIsKilledAndStartedAnew(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(1), frontDoor()}}, func(r *rig) {
		r.run()
		r.pass(time.Minute)
		first := r.front()
		r.fleet.KillHung("percore:front", 7) // another incarnation
		r.pass(time.Second)
		if r.front() != first {
			t.Error("a word about another incarnation: it was killed")
		}
		r.fleet.KillHung("percore:front", 1)
		r.pass(time.Second)
		if !first.ended || r.front() == first {
			t.Error("the process was not replaced")
		}
		if !strings.Contains(r.log.String(), "degraded") {
			t.Error("the log has no word of it")
		}
		r.finish()
	})
}

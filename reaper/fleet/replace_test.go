package fleet

import (
	"errors"
	"slices"
	"testing"
	"time"

	"percore/reaper"
)

func replace(programs ...Program) Order { return Order{Verb: Replace, Programs: programs} }

func TestAnUpdateRestartsOnlyWhatMeansSomethingElse(t *testing.T) {
	other := tornado(1)
	other.Group, other.Name, other.PortsFrom = "others", "other", 9000
	inBubble(t, Options{Programs: []Program{front(), tornado(2), other}}, func(r *rig) {
		r.run()
		changed := tornado(2)
		changed.Env = append(changed.Env, "COLOUR=green")
		soft := other
		soft.StopWaitSecs = 3 * time.Second
		update := r.give(replace(front(), changed, soft))
		r.expectIncarnations(2, 1, 1)
		r.pass(10 * time.Second)
		r.expectTold(update, nil, "8000 stopped", "8000 started", "8001 stopped", "8001 started")
		r.expectIncarnations(2, 2, 1)
		if !slices.Contains(r.process("tornado-8001").spec.Env, "COLOUR=green") {
			t.Errorf("environment: got %v, want the new one", r.process("tornado-8001").spec.Env)
		}
		r.expectSignals("front")
		r.expectTold(r.give(replace(front(), changed, soft)), nil)
		r.finish()
	})
}

func TestAnUpdateAddsRemovesAndScales(t *testing.T) {
	other := tornado(1)
	other.Group, other.Name, other.PortsFrom, other.Traffic = "tornadoes", "tornado-x", 9000, false
	inBubble(t, Options{Programs: []Program{tornado(1)}}, func(r *rig) {
		r.run()
		r.expectTold(r.give(replace(tornado(2), other)), nil, "8001 started", "x-9000 started")
		r.expectNames("tornado-8000", "tornado-8001", "tornado-x-9000")
		r.pass(time.Minute)
		update := r.give(replace(tornado(2)))
		r.pass(time.Second)
		r.expectTold(update, nil, "x-9000 stopped")
		r.expectNames("tornado-8000", "tornado-8001")
		r.expectIncarnations(1, 1)
		r.finish()
	})
}

func TestAHaltedUpdateLeavesTheOthersWhatTheyWere(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(2)}}, func(r *rig) {
		r.run()
		bad := tornado(2)
		bad.Command = []string{"bad"}
		update := r.give(replace(bad))
		r.die("tornado-8000", reaper.Exit{Code: 1})
		r.locked(func() {
			if !errors.Is(update.err, ErrHalted) {
				t.Errorf("got %v, want %v", update.err, ErrHalted)
			}
		})
		r.pass(time.Minute)
		r.die("tornado-8001", crash)
		if got := r.process("tornado-8001").spec.Args[0]; got != "python3" {
			t.Errorf("the other worker: got %s after its crash, want what it was", got)
		}
		moved := tornado(2)
		moved.PortsFrom = 7000
		r.expectTold(r.give(replace(moved)), errors.ErrUnsupported)
		r.finish()
	})
}

package timer_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"percore/lbproxy/timer"
)

// naive is the model: every timer in a map, found by looking at all of them.
type naive struct {
	millis []int64
	timers map[int32]naiveTimer
}

type naiveTimer struct {
	class    timer.Class
	deadline int64
}

func (n *naive) set(slot int32, class timer.Class, now int64) {
	delete(n.timers, slot)
	if d := n.millis[class-1]; d > 0 {
		n.timers[slot] = naiveTimer{class, now + d}
	}
}

func (n *naive) next() (deadline int64, ok bool) {
	for _, t := range n.timers {
		if !ok || t.deadline < deadline {
			deadline, ok = t.deadline, true
		}
	}
	return deadline, ok
}

// TestTimersBehaveLikeASetOfDeadlines drives a table and the model with the same random steps.
func TestTimersBehaveLikeASetOfDeadlines(t *testing.T) {
	const slots, steps = 50, 5000
	for seed := range uint64(6) {
		random := rand.New(rand.NewPCG(seed, 1))
		millis := []int64{5, 50, 0, 700, -1, 50}
		timers, model := timer.New(millis...), &naive{millis, map[int32]naiveTimer{}}
		timers.Grow(slots / 2)
		timers.Grow(slots)
		timers.Grow(10) // never shrinks
		now := int64(0)
		for step := range steps {
			slot, class := int32(random.IntN(slots)), timer.Class(1+random.IntN(len(millis)))
			switch random.IntN(4) {
			case 0, 1:
				timers.Set(slot, class, now)
				model.set(slot, class, now)
			case 2:
				timers.Clear(slot)
				delete(model.timers, slot)
			case 3:
				now += int64(random.IntN(20))
				expireBoth(t, timers, model, now)
			}
			compare(t, timers, model, slots)
			if t.Failed() {
				t.Fatalf("seed %d, step %d", seed, step)
			}
		}
	}
}

// expireBoth takes all that is due out of both, in whatever order.
func expireBoth(t *testing.T, timers *timer.Table, model *naive, now int64) {
	t.Helper()
	for {
		slot, class, ok := timers.Expired(now)
		if !ok {
			break
		}
		want, armed := model.timers[slot]
		if !armed || want.class != class || want.deadline > now {
			t.Errorf("expired: got slot %d of class %d at %d, want %+v (armed %v)", slot, class, now, want, armed)
		}
		delete(model.timers, slot)
	}
	for slot, timer := range model.timers {
		if timer.deadline <= now {
			t.Errorf("slot %d: got nothing at %d, want it expired since %d", slot, now, timer.deadline)
		}
	}
}

func compare(t *testing.T, timers *timer.Table, model *naive, slots int32) {
	t.Helper()
	got, ok := timers.Next()
	if want, wantOK := model.next(); got != want || ok != wantOK {
		t.Errorf("next: got %d, %v, want %d, %v", got, ok, want, wantOK)
	}
	for slot := range slots {
		if got, want := timers.Class(slot), model.timers[slot].class; got != want {
			t.Errorf("class of slot %d: got %d, want %d", slot, got, want)
		}
	}
}

func TestTimersOfAClassExpireInTheOrderTheyWereArmed(t *testing.T) {
	timers := timer.New(10)
	timers.Grow(4)
	for _, slot := range []int32{2, 0, 3, 1} {
		timers.Set(slot, 1, 0)
	}
	timers.Set(0, 1, 1) // moves to the end
	timers.Clear(3)
	timers.Clear(3) // twice is fine
	got := ""
	for {
		slot, _, ok := timers.Expired(100)
		if !ok {
			break
		}
		got += fmt.Sprint(slot, " ")
	}
	if want := "2 1 0 "; got != want {
		t.Errorf("order: got %s, want %s", got, want)
	}
}

func TestATimerIsNotDueBeforeItsDeadline(t *testing.T) {
	timers := timer.New(10)
	timers.Grow(1)
	timers.Set(0, 1, 5)
	if _, _, ok := timers.Expired(14); ok {
		t.Error("at 14: got an expired timer, want none before 15")
	}
	if deadline, ok := timers.Next(); deadline != 15 || !ok {
		t.Errorf("next: got %d, %v, want 15, true", deadline, ok)
	}
	if _, class, ok := timers.Expired(15); class != 1 || !ok {
		t.Errorf("at 15: got class %d, %v, want 1, true", class, ok)
	}
	if timers.Class(0) != timer.None {
		t.Errorf("class after expiry: got %d, want None", timers.Class(0))
	}
}

func TestResizeMovesTheTimersThatAreArmed(t *testing.T) {
	timers := timer.New(100, 50)
	timers.Grow(3)
	timers.Set(0, 1, 0)
	timers.Set(1, 1, 10)
	timers.Set(2, 2, 0)
	timers.Resize(1, 20)
	for _, want := range []struct {
		now  int64
		slot int32
	}{{20, 0}, {30, 1}, {50, 2}} {
		if slot, _, ok := timers.Expired(want.now - 1); ok {
			t.Errorf("slot %d expired before %d", slot, want.now)
		}
		if slot, _, ok := timers.Expired(want.now); !ok || slot != want.slot {
			t.Errorf("at %d: got slot %d, %v, want slot %d", want.now, slot, ok, want.slot)
		}
	}
	timers.Set(0, 1, 0)
	timers.Resize(1, 0)
	if _, ok := timers.Next(); ok || timers.Class(0) != timer.None {
		t.Error("a class without a duration has an armed timer")
	}
}

func TestTheOldestOfAClassRunsOutFirst(t *testing.T) {
	timers := timer.New(100, 50)
	timers.Grow(3)
	if slot, ok := timers.Oldest(1); ok {
		t.Errorf("oldest of none: got slot %d", slot)
	}
	timers.Set(0, 1, 1)
	timers.Set(1, 1, 2)
	timers.Set(2, 2, 3)
	timers.Set(0, 1, 4) // again: now slot 1 is older
	if slot, ok := timers.Oldest(1); !ok || slot != 1 {
		t.Errorf("oldest: got slot %d, %t, want 1", slot, ok)
	}
}

func TestAgeAndOrder(t *testing.T) {
	timers := timer.New(100, 20)
	timers.Grow(3)
	timers.Set(0, 1, 1000)
	timers.Set(1, 2, 1005)
	timers.Resize(1, 50)
	timers.Set(2, 1, 1010)
	if next, ok := timers.Following(0); next != 2 || !ok {
		t.Errorf("behind slot 0: got %d and %v, want 2", next, ok)
	}
	if _, ok := timers.Following(2); ok {
		t.Error("behind the last: got one, want none")
	}
	for slot, want := range []int64{30, 25} {
		if got := timers.Age(int32(slot), 1030); got != want {
			t.Errorf("age of slot %d: got %d ms, want %d", slot, got, want)
		}
	}
}

// TestThereMayBeManyClasses has timers of more classes than a byte could tell apart run out, the last class first.
func TestThereMayBeManyClasses(t *testing.T) {
	const classes = 1000
	millis := make([]int64, classes)
	for i := range millis {
		millis[i] = int64(classes - i)
	}
	timers := timer.New(millis...)
	timers.Grow(classes)
	for i := range timer.Class(classes) {
		timers.Set(int32(i), 1+i, 0)
	}
	for want := timer.Class(classes); want > timer.None; want-- {
		deadline, _ := timers.Next()
		if slot, class, ok := timers.Expired(deadline); !ok || class != want || slot != int32(want-1) {
			t.Fatalf("got slot %d of class %d and %t, want slot %d of class %d", slot, class, ok, want-1, want)
		}
	}
}

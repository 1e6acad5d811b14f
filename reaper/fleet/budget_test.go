package fleet

import (
	"testing"
	"testing/synctest"
	"time"

	"percore/reaper/alarm"
)

// budgeted is a stop of this length that has begun; pass lets time go by, as it does on the fleet's goroutine.
func budgeted(whole time.Duration) (b *budget, pass func(time.Duration), over *bool) {
	b, over = new(budget), new(bool)
	mail := newMailbox()
	b.split(whole, alarm.NewClock(mail.post, nil).Bound(whole, func() { *over = true }))
	return b, func(d time.Duration) {
		for end := time.Now().Add(d); time.Now().Before(end); {
			time.Sleep(min(50*time.Millisecond, time.Until(end)))
			synctest.Wait()
			for _, message := range mail.take() {
				message()
			}
		}
	}, over
}

func TestPhasesComeInTheirOrder(t *testing.T) {
	for phase, want := range map[phase][2]bool{ // whether the fleet goes on, and whether workers stop for good
		serving: {true, false}, preparing: {true, false}, lameDuck: {false, false}, stopping: {false, true}, flushing: {false, true}, ended: {false, true},
	} {
		b := &budget{phase: phase}
		if got := [2]bool{b.goesOn(), b.stops()}; got != want {
			t.Errorf("phase %d: got %v, want %v", phase, got, want)
		}
	}
}

func TestTheEndOfABudgetIsKeptForThoseThatStopLast(t *testing.T) {
	for whole, want := range map[time.Duration][2]time.Duration{
		time.Hour:               {time.Second, 250 * time.Millisecond},
		9 * time.Second:         {time.Second, 250 * time.Millisecond},
		4500 * time.Millisecond: {900 * time.Millisecond, 225 * time.Millisecond},
		time.Second:             {200 * time.Millisecond, 50 * time.Millisecond},
	} {
		synctest.Test(t, func(t *testing.T) {
			b, _, _ := budgeted(whole)
			if got := [2]time.Duration{b.reserve, b.margin}; got != want {
				t.Errorf("%v: got a reserve and a margin of %v, want %v", whole, got, want)
			}
			b.end.Stop()
		})
	}
}

func TestPatienceIsWhatIsLeftAndNoMoreThanAllowed(t *testing.T) {
	const whole = 9 * time.Second
	for name, c := range map[string]struct {
		after, allowed time.Duration
		internal       bool
		rounds         int
		want           time.Duration
	}{
		"a program that allows little":          {0, 2 * time.Second, false, 1, 2 * time.Second},
		"all there is before the reserve":       {0, time.Minute, false, 1, 8 * time.Second},
		"shared by two priorities":              {0, time.Minute, false, 2, 4 * time.Second},
		"later on":                              {5 * time.Second, time.Minute, false, 1, 3 * time.Second},
		"percore's own has the reserve as well": {5 * time.Second, time.Minute, true, 4, 3750 * time.Millisecond},
		"nothing is left":                       {8500 * time.Millisecond, time.Minute, false, 1, -500 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b, pass, over := budgeted(whole)
				pass(c.after)
				if got := b.patience(c.allowed, c.internal, c.rounds); got != c.want || *over {
					t.Errorf("got %v, over %v; want %v", got, *over, c.want)
				}
				b.end.Stop()
			})
		})
	}
}

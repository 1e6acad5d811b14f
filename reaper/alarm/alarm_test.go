package alarm_test

import (
	"testing"
	"testing/synctest"
	"time"

	"percore/reaper/alarm"
)

// owner is a goroutine that runs what is posted to it, and can be kept from it as a process is by a pause.
type owner struct {
	posted  chan func()
	start   time.Time
	noticed time.Duration
	clock   *alarm.Clock
	rang    time.Duration // after the start; 0 is not yet
}

// inBubble lets body run on the owner's goroutine and goes on for an hour of fake time.
func inBubble(t *testing.T, body func(*owner)) (after *owner) {
	t.Helper()
	o := new(owner)
	synctest.Test(t, func(*testing.T) {
		o.posted, o.start = make(chan func(), 100), time.Now()
		o.clock = alarm.NewClock(func(do func()) { o.posted <- do }, func(lost time.Duration) { o.noticed += lost })
		body(o)
		for end := time.After(time.Hour); ; {
			select {
			case do := <-o.posted:
				do()
			case <-end:
				return
			}
		}
	})
	return o
}

func (o *owner) ring() { o.rang = time.Since(o.start) }

// pauseAt keeps the owner from its work.
func (o *owner) pauseAt(at, length time.Duration) {
	time.AfterFunc(at, func() { o.posted <- func() { time.Sleep(length) } })
}

type pause struct{ at, length time.Duration }

func TestAPauseIsNotCounted(t *testing.T) {
	const d = 10 * time.Second
	for name, c := range map[string]struct {
		pauses   []pause
		min, max time.Duration
	}{
		"without one":                      {nil, d, d},
		"over the deadline":                {[]pause{{9 * time.Second, time.Minute}}, 70 * time.Second, 72 * time.Second},
		"before the deadline":              {[]pause{{time.Second, 8 * time.Second}}, 17 * time.Second, 20 * time.Second},
		"from the first moment":            {[]pause{{0, time.Minute}}, 70 * time.Second, 70 * time.Second},
		"two that are far from each other": {[]pause{{9 * time.Second, time.Minute}, {70 * time.Second, time.Minute}}, 130 * time.Second, 133 * time.Second},
		"as short as a busy machine's":     {[]pause{{2400 * time.Millisecond, 300 * time.Millisecond}}, d, d + 300*time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			o := inBubble(t, func(o *owner) {
				o.clock.Allow(d, o.ring)
				for _, p := range c.pauses {
					o.pauseAt(p.at, p.length)
				}
			})
			if o.rang < c.min || o.rang > c.max {
				t.Errorf("rang after %v, want %v to %v", o.rang, c.min, c.max)
			}
		})
	}
}

func TestAShortDeadlineGetsASecondAfterAPause(t *testing.T) {
	o := inBubble(t, func(o *owner) {
		o.clock.Allow(100*time.Millisecond, o.ring)
		o.pauseAt(50*time.Millisecond, time.Minute)
	})
	if want := 61*time.Second + 50*time.Millisecond; o.rang != want {
		t.Errorf("rang after %v, want %v", o.rang, want)
	}
}

func TestAMachineThatIsAlwaysLateGetsToTheEnd(t *testing.T) {
	o := inBubble(t, func(o *owner) {
		o.clock.Allow(time.Second, o.ring)
		for at := range 40 {
			o.pauseAt(time.Duration(at)*time.Second, 900*time.Millisecond)
		}
	})
	if o.rang == 0 || o.rang > 20*time.Second {
		t.Errorf("rang after %v, want it within 20s", o.rang)
	}
}

func TestABoundIsMovedByALongPauseAlone(t *testing.T) {
	for name, c := range map[string]struct{ pause, want time.Duration }{
		"load":    {900 * time.Millisecond, 10 * time.Second},
		"a pause": {time.Minute, 71 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			o := inBubble(t, func(o *owner) {
				o.clock.Bound(10*time.Second, o.ring)
				o.pauseAt(1*time.Second, c.pause)
			})
			if o.rang > c.want+time.Second || o.rang < c.want-time.Second {
				t.Errorf("rang after %v, want about %v", o.rang, c.want)
			}
		})
	}
}

func TestAfterCountsEverything(t *testing.T) {
	o := inBubble(t, func(o *owner) {
		o.clock.After(10*time.Second, o.ring)
		o.pauseAt(5*time.Second, time.Minute)
	})
	if o.rang != 65*time.Second || o.noticed != 0 {
		t.Errorf("rang after %v with a pause of %v noticed, want 65s and none", o.rang, o.noticed)
	}
}

func TestAPauseIsNoticedOnce(t *testing.T) {
	var counted time.Duration
	o := inBubble(t, func(o *owner) {
		began := o.clock.Now()
		for range 5 {
			o.clock.Allow(10*time.Second, func() {})
		}
		o.clock.Allow(20*time.Second, func() { counted = o.clock.Since(began) })
		o.pauseAt(time.Second, time.Minute)
	})
	if want := 60*time.Second - 1500*time.Millisecond; o.noticed != want {
		t.Errorf("noticed %v, want %v", o.noticed, want)
	}
	if counted < 20*time.Second || counted > 27*time.Second {
		t.Errorf("by its clock it rang after %v, want about 20s", counted)
	}
}

func TestStopHoldsAlsoForATimerThatRangAlready(t *testing.T) {
	o := inBubble(t, func(o *owner) {
		a := o.clock.Allow(time.Second, o.ring)
		time.Sleep(2 * time.Second) // it waits among what is posted
		a.Stop()
		a.Stop()
		(*alarm.Alarm)(nil).Stop()
		if left := a.Left(); left != 0 {
			t.Errorf("left of a stopped alarm: got %v, want 0", left)
		}
	})
	if o.rang != 0 {
		t.Errorf("rang after %v, want it not to", o.rang)
	}
}

func TestWhatIsLeft(t *testing.T) {
	inBubble(t, func(o *owner) {
		a := o.clock.Bound(8*time.Second, o.ring)
		if got := a.Left(); got != 8*time.Second {
			t.Errorf("at once: got %v, want 8s", got)
		}
		if got := a.Due().Sub(o.start); got != 8*time.Second {
			t.Errorf("due: got %v after the start, want 8s", got)
		}
		time.Sleep(time.Second)
		if got := a.Left(); got != 7*time.Second {
			t.Errorf("after a second: got %v, want 7s", got)
		}
		time.Sleep(time.Minute) // nothing that was posted could be done
		if got := a.Left(); got != 8*time.Second {
			t.Errorf("after a pause: got %v, want 8s: the first piece counts once more", got)
		}
	})
}

func TestMissed(t *testing.T) {
	if now := time.Now(); alarm.Missed(now) || !alarm.Missed(now.Add(-time.Second)) {
		t.Errorf("missed: got %t at once and %t after a second, want false and true", alarm.Missed(now), alarm.Missed(now.Add(-time.Second)))
	}
}

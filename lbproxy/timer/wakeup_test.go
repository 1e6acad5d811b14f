package timer_test

import (
	"testing"

	"percore/lbproxy/timer"
)

func TestALoopThatWakesLateGoesOnWhereItMeantTo(t *testing.T) {
	const due = 61_000
	for name, c := range map[string]struct {
		now, due int64
		work     bool
		late     int64 // behind the wake-up that it planned
		want     int64 // what its clock says then
		again    int64 // what it says after it was as late once more, 0: not tried
	}{
		"in time":                       {now: 1_000, due: due, late: 0, want: 31_000},
		"a busy machine":                {now: 1_000, due: due, late: 250, want: 31_250},
		"halfway to the deadline":       {now: 1_000, due: due, late: 60_000, want: 31_000},
		"at the deadline":               {now: 60_500, due: due, late: 60_000, want: 60_500},
		"a grace before the deadline":   {now: 59_900, due: due, late: 60_000, want: 60_000, again: due},
		"before what it had to do":      {now: 60_900, due: due, work: true, late: 60_000, want: 60_900},
		"without a deadline":            {now: 1_000, due: timer.Never, late: 60_000, want: 61_000},
		"without a deadline, with work": {now: 1_000, due: timer.Never, work: true, late: 60_000, want: 1_000},
	} {
		t.Run(name, func(t *testing.T) {
			var w timer.Wakeup
			now := c.now + max(0, w.Plan(c.now, c.due, c.work)) + c.late
			now -= w.Late(now)
			if now != c.want {
				t.Errorf("clock: got %d, want %d", now, c.want)
			}
			if c.again != 0 {
				now += w.Plan(now, c.due, false) + c.late
				if now -= w.Late(now); now != c.again {
					t.Errorf("clock after being late again: got %d, want %d: it has had its grace", now, c.again)
				}
			}
		})
	}
}

// TestALoopWhoseTurnsTakeLongStillComesToItsDeadlines has a machine on which each turn takes long, and there is work
// for each.
func TestALoopWhoseTurnsTakeLongStillComesToItsDeadlines(t *testing.T) {
	const due, turn = 61_000, 300 // milliseconds, which is later than a busy machine
	var w timer.Wakeup
	now := int64(1_000)
	for range 2 * due / turn {
		w.Plan(now, due, true)
		now += turn
		now -= w.Late(now)
	}
	if now < due {
		t.Errorf("clock after two minutes: got %d, want %d at least", now, due)
	}
	w.Plan(now, now+due, true)
	now++
	now -= w.Late(now)
	began := now
	w.Plan(now, now+due, true)
	now += due
	if now -= w.Late(now); now != began {
		t.Errorf("clock after a pause behind a turn that was in time: got %d, want %d", now, began)
	}
}

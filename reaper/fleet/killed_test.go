package fleet

import (
	"testing"
	"time"
)

func TestTheFrontDoorIsToldWhoWasKilledFromOutside(t *testing.T) {
	inBubble(t, Options{Programs: []Program{tornado(1)}}, func(r *rig) {
		killed := func() (k uint64) {
			r.locked(func() { k = r.published[len(r.published)-1][0].Killed })
			return k
		}
		r.run()
		r.pass(time.Hour)
		r.die("tornado-8000", crash)
		if got := killed(); got != 0 {
			t.Errorf("after a crash: got incarnation %d, want none", got)
		}
		r.pass(time.Hour)
		r.die("tornado-8000", outside)
		if got := killed(); got != 2 {
			t.Errorf("after a kill of the second: got incarnation %d, want 2", got)
		}
		r.pass(time.Hour)
		r.die("tornado-8000", crash)
		if got := killed(); got != 2 {
			t.Errorf("after another crash: got incarnation %d, want 2 still", got)
		}
		r.finish()
	})
}

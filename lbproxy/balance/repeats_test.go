package balance

import "testing"

// repeat is a request that a backend has seen some of.
func repeat() *Waiter { return &Waiter{Repeat: true} }

func TestRepeatsAreAShareOfWhatIsUnderWay(t *testing.T) {
	for underWay, want := range map[int]int{0: 3, 10: 3, 15: 3, 20: 4, 100: 24} {
		b, table := newBalancer(LeastConn, 0), tableOf(t, Up, Down, Up)
		for range underWay {
			b.Choose(table, &Waiter{}, 1)
		}
		got := 0
		for b.Choose(table, repeat(), 1) != nil {
			got++
		}
		// Those that are granted count as under way themselves.
		if got != want || b.service.Repeats() != int64(got) {
			t.Errorf("with %d requests: got %d repeats, and a count of %d; want %d", underWay, got, b.service.Repeats(), want)
		}
	}
}

func TestARepeatIsCountedOnce(t *testing.T) {
	b, table := newBalancer(LeastConn, 0), tableOf(t, Up)
	w := repeat()
	for range 10 { // a third and a fourth backend, as the ones before fail, too
		if b.Choose(table, w, 1) == nil {
			t.Fatal("a repeat that is under way gets no backend")
		}
	}
	if got := b.service.Repeats(); got != 1 {
		t.Errorf("repeats: got %d, want 1", got)
	}
	if !b.service.EndRepeat(w) || b.service.EndRepeat(w) || b.service.Repeats() != 0 {
		t.Errorf("after its end: got %d repeats, want it to end once", b.service.Repeats())
	}
	if b.service.EndRepeat(&Waiter{}) {
		t.Error("a request that is no repeat ends one")
	}
}

func TestARepeatThatFindsNoBackendTakesNone(t *testing.T) {
	b := newBalancer(LeastConn, 1)
	for name, table := range map[string]*Table{"no snapshot": nil, "no backend": tableOf(t), "none is up": tableOf(t, Down)} {
		if b.Choose(table, repeat(), 1) != nil || b.service.Repeats() != 0 {
			t.Errorf("%s: got %d repeats under way, want 0", name, b.service.Repeats())
		}
	}
}

// TestARepeatWaitsForItsTurn has the budget used up, and ends one of those that use it.
func TestARepeatWaitsForItsTurn(t *testing.T) {
	q := newLine(t, 1, 0, Up)
	var under []*Waiter
	for range repeatsMin {
		w := repeat()
		q.loops[0].Choose(q.table, w, 1)
		under = append(under, w)
	}
	late := repeat()
	late.ID = 7
	q.loops[0].Enter(late, 10, 1)
	q.loops[0].Enter(&Waiter{ID: 8}, 10, 1)
	q.want("one that is no repeat passes it", q.granted(0), 8)
	q.want("it waits", q.waiting(), 7)
	q.service.EndRepeat(under[0])
	q.loops[0].Serve(1)
	q.want("its turn", q.granted(0), 7)
}

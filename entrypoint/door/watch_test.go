package door

import (
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"percore/entrypoint/link"
	"percore/lbproxy"
)

// quickly is patience for a test: a hang is known after a tenth of a second.
func quickly() patience {
	return patience{every: 20 * time.Millisecond, step: 20 * time.Millisecond, steps: 5, first: 5}
}

// fakeFront is the other end of a link: it answers questions until it is told to be silent.
type fakeFront struct {
	door   *Door
	asked  atomic.Uint64 // the newest question
	silent atomic.Bool
	hung   chan uint64
	cut    func()
}

func newFakeFront(t *testing.T, incarnation uint64) *fakeFront {
	t.Helper()
	ours, theirs, err := link.Pair()
	if err != nil {
		t.Fatal(err)
	}
	f := &fakeFront{hung: make(chan uint64, 10), cut: func() { theirs.Close() }}
	f.door = &Door{
		log: slog.New(slog.DiscardHandler), patience: quickly(), wanted: link.Wanted{Version: link.Version},
		events: Events{Hung: func(i uint64) { f.hung <- i }},
	}
	f.door.connect(ours, incarnation)
	t.Cleanup(f.cut)
	go func() {
		for {
			var w link.Wanted
			if link.Read(theirs, &w) != nil {
				return
			}
			f.asked.Store(w.Snapshot.Seq)
			if !f.silent.Load() && link.Write(theirs, link.Reported{Version: link.Version, Report: lbproxy.Report{Seq: w.Snapshot.Seq}}) != nil {
				return
			}
		}
	}()
	return f
}

// awaitQuestions waits until so many more were asked.
func (f *fakeFront) awaitQuestions(t *testing.T, n uint64) {
	t.Helper()
	from := f.asked.Load()
	for deadline := time.Now().Add(10 * time.Second); f.asked.Load() < from+n; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited 10s for %d questions", n)
		}
	}
}

func (f *fakeFront) wantHung(t *testing.T, incarnation uint64) {
	t.Helper()
	select {
	case got := <-f.hung:
		if got != incarnation {
			t.Errorf("hung: got incarnation %d, want %d", got, incarnation)
		}
	case <-time.After(10 * time.Second):
		t.Error("waited 10s for the hang to be noticed")
	}
}

func TestAFrontDoorThatAnswersIsLeftAlone(t *testing.T) {
	t.Parallel()
	f := newFakeFront(t, 3)
	f.awaitQuestions(t, 10)
	if len(f.hung) > 0 {
		t.Error("it was taken for one that hangs")
	}
}

func TestAFrontDoorThatFallsSilentHangs(t *testing.T) {
	t.Parallel()
	f := newFakeFront(t, 3)
	f.awaitQuestions(t, 2)
	f.silent.Store(true)
	f.wantHung(t, 3)
}

func TestAFrontDoorThatNeverAnswersHangs(t *testing.T) {
	t.Parallel()
	f := newFakeFront(t, 4)
	f.silent.Store(true)
	f.wantHung(t, 4)
}

func TestAFrontDoorThatHasEndedDoesNotHang(t *testing.T) {
	t.Parallel()
	f := newFakeFront(t, 5)
	f.awaitQuestions(t, 1)
	f.cut()
	select {
	case <-f.hung:
		t.Error("it was taken for one that hangs")
	case <-time.After(20 * quickly().step):
	}
}

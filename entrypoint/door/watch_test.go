package door

import (
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"percore/entrypoint/link"
	"percore/lbproxy"
)

// quickly is patience for a test: a hang is known after a fifth of a second.
func quickly() patience {
	return patience{every: 20 * time.Millisecond, step: 20 * time.Millisecond, steps: 10, first: 10}
}

// calmly is patience with a front door that is a goroutine of a slow machine.
func calmly() patience {
	return patience{every: 20 * time.Millisecond, step: patienceOfTests, steps: 1, first: 1}
}

// fakeFront is the other end of a link: it answers questions until it is told to be silent.
type fakeFront struct {
	door   *Door
	asked  atomic.Uint64 // the newest question
	silent atomic.Bool
	hung   chan uint64
	cut    func()
}

func newFakeFront(t *testing.T, incarnation uint64, watched patience) *fakeFront {
	t.Helper()
	ours, theirs, err := link.Pair()
	if err != nil {
		t.Fatal(err)
	}
	f := &fakeFront{hung: make(chan uint64, 10), cut: func() { theirs.Close() }}
	f.door = &Door{
		log: slog.New(slog.DiscardHandler), patience: watched, wanted: link.Wanted{Version: link.Version},
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
	for deadline := time.Now().Add(patienceOfTests); f.asked.Load() < from+n; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for %d questions", patienceOfTests, n)
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
	case <-time.After(patienceOfTests):
		t.Errorf("waited %v for the hang to be noticed", patienceOfTests)
	}
}

func TestAFrontDoorThatAnswersIsLeftAlone(t *testing.T) {
	t.Parallel()
	f := newFakeFront(t, 3, calmly())
	f.awaitQuestions(t, 10)
	if len(f.hung) > 0 {
		t.Error("it was taken for one that hangs")
	}
}

func TestAFrontDoorThatFallsSilentHangs(t *testing.T) {
	t.Parallel()
	f := newFakeFront(t, 3, quickly())
	f.awaitQuestions(t, 2)
	f.silent.Store(true)
	f.wantHung(t, 3)
}

func TestAFrontDoorThatNeverAnswersHangs(t *testing.T) {
	t.Parallel()
	f := newFakeFront(t, 4, quickly())
	f.silent.Store(true)
	f.wantHung(t, 4)
}

func TestAFrontDoorThatHasEndedDoesNotHang(t *testing.T) {
	t.Parallel()
	f := newFakeFront(t, 5, quickly())
	f.awaitQuestions(t, 1)
	f.cut()
	select {
	case <-f.hung:
		t.Error("it was taken for one that hangs")
	case <-time.After(20 * quickly().step):
	}
}

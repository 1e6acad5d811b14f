package spool

import (
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestHowMuchMayBeHeld(t *testing.T) {
	machine := memory() / ramPart
	for _, test := range []struct {
		name    string
		options Options
		inRAM   bool
		free    int64 // of the folder; 0 is not known
		want    int64
	}{
		{"memory, of the machine", Options{}, true, 0, machine},
		{"memory, of a container", Options{MemoryMax: 400}, true, 0, 100},
		{"a size that is set", Options{Size: 7, MemoryMax: 400}, true, 0, 7},
		{"a folder that is not known", Options{Path: "/x", MemoryMax: 400}, false, 0, 100},
		{"a disk", Options{Path: "/x", MemoryMax: 400}, false, 5000, 2500},
		{"a disk that is nearly full", Options{Path: "/x", MemoryMax: 400}, false, 8, 4},
		{"a tmpfs", Options{Path: "/x", MemoryMax: 400}, true, 5000, 100},
		{"a tmpfs that is small", Options{Path: "/x", MemoryMax: 400}, true, 50, 25},
		{"a size of a folder", Options{Path: "/x", Size: 7, MemoryMax: 400}, false, 5000, 7},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := watch(t)
			w.space = func(string) (bool, int64, error) { return test.inRAM, test.free, nil }
			s := newStore(test.options, w.kernel)
			if p := s.settings.Load().place; test.free > 0 {
				p.measure()
			}
			if got := s.Stats().BytesMax; got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
}

// TestTheRoomOfADiskIsLookedAtNowAndThen: in the pool, every ten seconds in which bodies come, and whatever it says.
func TestTheRoomOfADiskIsLookedAtNowAndThen(t *testing.T) {
	w := watch(t)
	s := newStore(Options{Path: t.TempDir(), MemoryMax: 1 << 20}, w.kernel)
	p := s.settings.Load().place
	f := hold(t, s, 1)
	looks := func(want int) {
		t.Helper()
		await(t, "a look that is over", func() bool { return !p.looking.Load() })
		if f.Admit(1); w.count(lookingForRoom) > want {
			t.Errorf("got %d looks, want %d", w.count(lookingForRoom), want)
		}
		await(t, "a look", func() bool { return w.count(lookingForRoom) == want && !p.looking.Load() })
	}
	if f.Stats(); w.count(lookingForRoom) > 0 {
		t.Error("a folder was looked at before there was a body")
	}
	looks(1)
	looks(1)
	for i, test := range []struct {
		pass time.Duration
		want int
		fail error
	}{
		{lookEvery - 1, 1, nil},
		{1, 2, nil},
		{lookEvery, 3, os.NewSyscallError("statfs", unix.EIO)},
		{1, 3, nil},
		{time.Hour, 4, nil},
		{0, 4, nil},
	} {
		w.set(func() { w.now += test.pass; w.fail[lookingForRoom] = test.fail })
		looks(test.want)
		if got := s.Stats().BytesMax; got == 1<<18 {
			t.Errorf("look %d: got the first guess, want what was seen last", i)
		}
	}
	f.Close()
	wantNothingLeft(t, s, w)
}

// Stats is the store's.
func (h held) Stats() Stats { return h.store.Stats() }

func TestADiskThatDoesNotAnswerKeepsNobodyWaiting(t *testing.T) {
	w := watch(t)
	s := newStore(Options{Path: t.TempDir(), MemoryMax: 400}, w.kernel)
	gate := make(chan struct{})
	w.set(func() { w.wait[lookingForRoom] = gate })
	f := hold(t, s, 1)
	if !f.Admit(50) || f.Admit(1) || f.Refusal() != string(noShare) {
		t.Errorf("got %+v and %s, want half of the first guess admitted", s.Stats(), f.Refusal())
	}
	w.set(func() { w.now += 3 * lookEvery })
	f.Admit(1)
	close(gate)
	await(t, "a room that is known", func() bool { return s.Stats().BytesMax > 100 })
	if got := w.count(lookingForRoom); got != 1 {
		t.Errorf("got %d looks, want one at a time", got)
	}
	if !f.Admit(51) {
		t.Errorf("then: got %s, want it admitted", f.Refusal())
	}
	f.Close()
	wantNothingLeft(t, s, w)
}

// TestWhatIsHeldIsNoReasonToHoldLess: half of what would be free without the bodies.
func TestWhatIsHeldIsNoReasonToHoldLess(t *testing.T) {
	w := watch(t)
	p := newPlace("/x", w.kernel)
	disk := int64(1000)
	w.space = func(string) (bool, int64, error) { return false, disk - p.held.Load(), nil }
	for _, held := range []int64{0, 100, 500} {
		p.held.Store(held)
		if p.measure(); p.room(1) != 500 {
			t.Errorf("with %d bytes held: got room for %d, want 500", held, p.room(1))
		}
	}
}

// TestASlowDiskKeepsNoOtherPlaceWaiting, nor a close.
func TestASlowDiskKeepsNoOtherPlaceWaiting(t *testing.T) {
	w := watch(t)
	slow := Options{Path: t.TempDir(), Size: 1 << 30}
	s := newStore(slow, w.kernel)
	slowPlace := s.settings.Load().place
	gate := make(chan struct{})
	w.set(func() { w.wait[opening] = gate })
	var stuck []held
	for i := range 2 * WorkersMax {
		f := hold(t, s, i)
		f.Admit(10)
		f.Write(make([]byte, 10))
		stuck = append(stuck, f)
	}
	await(t, "a pool that is busy", func() bool { return w.count(opening) == WorkersMax })
	w.set(func() { clear(w.wait) })
	for _, path := range []string{t.TempDir(), "/dev/shm", ""} {
		s.Configure(Options{Path: path, Size: 1 << 30})
		f := hold(t, s, 99)
		f.mustPut([]byte("body"))
		f.mustPut(make([]byte, 2<<20))
		f.Close()
		await(t, "a file elsewhere that is closed", func() bool { return s.Stats().Files == int64(len(stuck)) })
	}
	for _, f := range stuck {
		f.Close()
	}
	if got := s.Stats(); got.Files != int64(len(stuck)) {
		t.Errorf("got %+v, want the files counted that are not closed yet", got)
	}
	close(gate)
	wantNothingLeft(t, s, w)
	await(t, "a pool without a goroutine", func() bool { return slowPlace.pool.running() == 0 })
}

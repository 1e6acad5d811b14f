package spool

import (
	"math"
	"net/netip"
	"os"
	"sync"
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
		{lookEvery - 1, 1, nil}, {1, 2, nil}, {lookEvery, 3, os.NewSyscallError("statfs", unix.EIO)}, {1, 3, nil}, {time.Hour, 4, nil}, {0, 4, nil},
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

func TestAnOwnerGetsItsShareAlone(t *testing.T) {
	s := New(Options{Size: 1200})
	v6 := func(text string) *File { return s.NewFile(netip.MustParseAddr(text), nil) }
	first, same := v6("2001:db8::1"), v6("2001:db8::2")
	if !first.Admit(400) || !same.Admit(200) || same.Admit(1) {
		t.Errorf("two of one network: got %+v, want half of the room", s.Stats())
	}
	if got := same.Refusal(); got != string(noShare) {
		t.Errorf("got %q, want %q", got, noShare)
	}
	other := v6("2001:db8:0:1::1")
	if !other.Admit(300) || other.Admit(1) {
		t.Errorf("another network: got %+v, want half of what is left", s.Stats())
	}
	without, also := s.NewFile(netip.Addr{}, nil), s.NewFile(netip.Addr{}, nil)
	if !without.Admit(150) || also.Admit(1) {
		t.Errorf("two without an address: got %+v, want half of what is left, for both", s.Stats())
	}
	if got := s.Stats(); got != (Stats{Files: 4, Bytes: 1050, BytesMax: 1200, Refused: 3}) {
		t.Errorf("got %+v", got)
	}
	for _, f := range []*File{first, same, other, without, also} {
		f.Close()
	}
	if got := s.Stats(); got != (Stats{BytesMax: 1200, Refused: 3}) {
		t.Errorf("closed: got %+v, want nothing held", got)
	}
}

func TestWhatWasNotAdmittedIsCounted(t *testing.T) {
	eachKind(t, func(t *testing.T, s *Store, w *watched) {
		f := hold(t, s, 1)
		if !f.Write(make([]byte, 100)) {
			_, _ = f.settled()
		}
		if got := s.Stats(); got.Files != 1 || got.Bytes != 100 {
			t.Errorf("got %+v, want 100 bytes of a file", got)
		}
		f.Admit(50)
		for range 2 {
			if !f.Write(make([]byte, 40)) {
				_, _ = f.settled()
			}
		}
		if got := s.Stats(); got.Bytes != 180 || f.Size() != 180 {
			t.Errorf("got %+v, want 180 bytes", got)
		}
		f.Close()
	})
}

func TestDescriptorsAreLeftForConnections(t *testing.T) {
	w := watch(t)
	w.descriptorsMax = func() int64 { return 24 }
	s := newStore(Options{Size: 1 << 30}, w.kernel)
	var files []held
	for i := range 3 {
		f := hold(t, s, i)
		f.mustPut([]byte("body"))
		files = append(files, f)
	}
	f := hold(t, s, 4)
	if f.Admit(1) || f.Refusal() != string(noFile) || s.Stats().Files != 3 {
		t.Errorf("a fourth file: got %+v, %s, want it refused", s.Stats(), f.Refusal())
	}
	if !files[0].Admit(1) {
		t.Errorf("more for the first: got %s, want it admitted", files[0].Refusal())
	}
	files[1].Close()
	if f.mustPut([]byte("body")); s.Stats().Files != 3 {
		t.Errorf("after one was closed: got %+v, want 3 files", s.Stats())
	}
	for _, f := range append(files, f) {
		f.Close()
	}
	wantNothingLeft(t, s, w)
}

// TestADiskThatIsSlowGetsNoMore: what is on its way to it is in memory, and bounded.
func TestADiskThatIsSlowGetsNoMore(t *testing.T) {
	w := watch(t)
	s := newStore(Options{Path: t.TempDir(), Size: 1 << 40, MemoryMax: 1 << 20}, w.kernel)
	gate := make(chan struct{})
	w.set(func() { w.wait[writingStep] = gate })
	var files []held
	for i := 0; ; i++ {
		f := hold(t, s, i)
		files = append(files, f)
		if !f.Admit(256 << 10) {
			break
		}
		f.Write(make([]byte, 256<<10))
	}
	if got := files[len(files)-1].Refusal(); len(files) != flightBytesMin/(256<<10)+1 || got != string(noProgress) {
		t.Errorf("got file %d refused, as %s, want the fifth, since the disk is slow", len(files), got)
	}
	close(gate)
	for _, f := range files[:len(files)-1] {
		if failed, err := f.settled(); failed != nil || err != nil {
			t.Errorf("got %d bytes that failed, %v, want none", len(failed), err)
		}
	}
	if last := files[len(files)-1]; !last.Admit(1) {
		t.Errorf("afterwards: got %s, want it admitted", last.Refusal())
	}
	for _, f := range files {
		f.Close()
	}
	wantNothingLeft(t, s, w)
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
	for i := range 2 * workersMax {
		f := hold(t, s, i)
		f.Admit(10)
		f.Write(make([]byte, 10))
		stuck = append(stuck, f)
	}
	await(t, "a pool that is busy", func() bool { return w.count(opening) == workersMax })
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

func TestSettingsThatChangeWhileFilesAreOpen(t *testing.T) {
	w := watch(t)
	first, second := t.TempDir(), t.TempDir()
	s := newStore(Options{Path: first, Size: 1000}, w.kernel)
	f := hold(t, s, 1)
	f.mustPut(make([]byte, 400))
	place := s.settings.Load().place
	s.Configure(Options{Path: first, Size: 500})
	if s.settings.Load().place != place {
		t.Error("the same folder: got another place, want what is known of it kept")
	}
	if g := hold(t, s, 2); g.Admit(51) || !g.Admit(50) {
		t.Errorf("a smaller size: got %+v, want it to count", s.Stats())
	} else {
		g.Close()
	}
	if f.Admit(1) || f.Refusal() != string(noShare) {
		t.Errorf("more for a file that is open: got %s, want it refused", f.Refusal())
	}
	s.Configure(Options{Path: second, Size: 10_000})
	f.mustPut(make([]byte, 100))
	g := hold(t, s, 2)
	g.mustPut(make([]byte, 100))
	if f.place.held.Load() != 500 || g.place.held.Load() != 100 || s.Stats().Bytes != 600 {
		t.Errorf("got %d and %d bytes in the folders, want 500 and 100", f.place.held.Load(), g.place.held.Load())
	}
	f.wantContent(make([]byte, 500))
	f.Close()
	g.Close()
	wantNothingLeft(t, s, w)
	s.Configure(Options{Size: 10})
	if f := hold(t, s, 1); !f.Admit(5) || !f.Write(make([]byte, 5)) {
		t.Error("memory now: got a write that waits, want it at once")
	} else {
		f.Close()
	}
	wantNothingLeft(t, s, w)
}

// TestLoopsShareAStore: as many goroutines as there are loops hold bodies at once, while settings change.
func TestLoopsShareAStore(t *testing.T) {
	w := watch(t)
	folders := []string{"", t.TempDir(), "/dev/shm"}
	s := newStore(Options{Size: 1 << 20}, w.kernel)
	var loops sync.WaitGroup
	for i := range 4 {
		loops.Go(func() {
			for round := range 100 {
				f := hold(t, s, i)
				for range 3 {
					if !f.Admit(10_000) || !f.Write(make([]byte, 10_000)) && round%3 == 0 {
						break
					}
					if f.Busy() {
						_, _ = f.settled()
					}
				}
				f.Close()
			}
		})
	}
	for i := range 300 {
		s.Configure(Options{Path: folders[i%3], Size: int64(1<<20 + i)})
		if got := s.Stats(); got.Bytes > got.BytesMax {
			t.Errorf("got %+v, want no more than there is room for", got)
		}
	}
	loops.Wait()
	s.Configure(Options{})
	wantNothingLeft(t, s, w)
}

func TestTheLimitsOfThisMachine(t *testing.T) {
	if got := descriptorsMax(); got < 1 || got > 1<<30 {
		t.Errorf("descriptors: got %d", got)
	}
	if got := memory(); got < 1<<24 || got == math.MaxInt64 {
		t.Errorf("memory: got %d bytes", got)
	}
}

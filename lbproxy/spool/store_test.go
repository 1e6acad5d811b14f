package spool

import (
	"math"
	"net/netip"
	"sync"
	"testing"
)

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

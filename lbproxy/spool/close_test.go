package spool

import (
	"bytes"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// TestACloseWhileSomethingIsUnderWay: each job of the pool is stopped in each of its calls, the file is closed, and the
// call goes on. It must find its descriptor open, and everything is given back once.
func TestACloseWhileSomethingIsUnderWay(t *testing.T) {
	write := func(f held) { f.Admit(1000); f.Write(make([]byte, 1000)) }
	for _, test := range []struct {
		name  string
		at    step
		begin func(f held)
		fail  error
	}{
		{"while a file is made", opening, write, nil},
		{"while a file cannot be made", opening, write, os.NewSyscallError("open", unix.EMFILE)},
		{"while its pages are looked for", lookingAtPages, write, nil},
		{"while it has no pages", lookingAtPages, write, os.NewSyscallError("mmap", unix.ENODEV)},
		{"while it is written", writingStep, write, nil},
		{"while it cannot be written", writingStep, write, errDisk},
		{"while it is read", readingStep, func(f held) { f.Warm(0, 100) }, nil},
		{"while it cannot be read", readingStep, func(f held) { f.Warm(0, 100) }, errDisk},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := watch(t)
			s := newStore(Options{Path: t.TempDir(), Size: 1 << 30}, w.kernel)
			f := hold(t, s, 1)
			if test.at == readingStep {
				f.mustPut(make([]byte, 1000))
			}
			gate, before := make(chan struct{}), w.count(test.at)
			w.set(func() { w.cold, w.wait[test.at], w.fail[test.at] = true, gate, test.fail })
			test.begin(f)
			await(t, "a call under way", func() bool { return w.count(test.at) > before })
			f.Close()
			if got := s.Stats(); got.Files != 1 || got.Bytes != 1000 {
				t.Errorf("while the call goes on: got %+v, want 1000 bytes of a file", got)
			}
			if failed, err := f.Settle(); failed != nil || err != nil || f.Busy() {
				t.Errorf("settle: got %q, %v, busy: %v, want nothing", failed, err, f.Busy())
			}
			f.Close() // twice
			close(gate)
			wantNothingLeft(t, s, w)
			if len(f.notes) > 0 {
				t.Errorf("got %d notifies after the close, want none", len(f.notes))
			}
			f.Close() // and late
			wantNothingLeft(t, s, w)
		})
	}
}

func TestACloseOfWhatHasNotBegun(t *testing.T) {
	w := watch(t)
	s := newStore(Options{Path: t.TempDir(), Size: 1 << 30}, w.kernel)
	gate := make(chan struct{})
	w.set(func() { w.wait[opening] = gate })
	var files []held
	for i := range 3 * WorkersMax {
		f := hold(t, s, i)
		f.Admit(10)
		f.Write(make([]byte, 10))
		files = append(files, f)
	}
	await(t, "a pool that is busy", func() bool { return w.count(opening) == WorkersMax })
	for _, f := range files {
		f.Close()
	}
	close(gate)
	wantNothingLeft(t, s, w)
	if got := w.count(opening); got != WorkersMax {
		t.Errorf("got %d files made, want those alone that had been begun", got)
	}
}

// TestACloseBeforeWhatHasEndedIsTakenUp: the file that a job has made is the closer's to close.
func TestACloseBeforeWhatHasEndedIsTakenUp(t *testing.T) {
	eachKind(t, func(t *testing.T, s *Store, w *watched) {
		for name, fail := range map[string]error{"written": nil, "failed": errDisk} {
			w.set(func() { w.fail[writingStep] = fail })
			f := hold(t, s, 1)
			f.Admit(1000)
			if f.Write(make([]byte, 1000)) {
				f.Close()
				continue
			}
			<-f.notes
			if !f.Busy() {
				t.Errorf("%s: not busy before it is settled", name)
			}
			f.Close()
			if failed, err := f.Settle(); failed != nil || err != nil {
				t.Errorf("%s: settle after the close: got %d bytes, %v, want nothing", name, len(failed), err)
			}
			wantNothingLeft(t, s, w)
		}
	})
}

func TestACloseOfWhatWasNeverWritten(t *testing.T) {
	eachKind(t, func(t *testing.T, s *Store, w *watched) {
		f := hold(t, s, 1)
		f.Close()
		f = hold(t, s, 1)
		f.Admit(1000)
		if got := s.Stats(); got.Files != 1 || got.Bytes != 1000 {
			t.Errorf("admitted: got %+v, want 1000 bytes of a file", got)
		}
		f.Close()
		if got := s.Stats(); got.Files != 0 || got.Bytes != 0 {
			t.Errorf("closed: got %+v, want nothing", got)
		}
		if w.count(opening) > 0 {
			t.Error("a file was made for nothing")
		}
	})
}

// TestALargeFileInMemoryIsClosedInThePool: to give its memory back takes too long for a loop.
func TestALargeFileInMemoryIsClosedInThePool(t *testing.T) {
	w := watch(t)
	s := newStore(Options{Size: 1 << 30}, w.kernel)
	gate, closeFD := make(chan struct{}), w.close
	w.close = func(fd int) { <-gate; closeFD(fd) }
	f := hold(t, s, 1)
	for range 5 {
		f.mustPut(make([]byte, 256<<10))
	}
	f.Close()
	if got := s.Stats(); got.Files != 1 || got.Bytes != 5*256<<10 {
		t.Errorf("before it is closed: got %+v, want all of it counted", got)
	}
	close(gate)
	wantNothingLeft(t, s, w)
}

// TestAResetBeginsAnew: with another file, since the pages of the first may be on their way to a peer.
func TestAResetBeginsAnew(t *testing.T) {
	eachKind(t, func(t *testing.T, s *Store, w *watched) {
		f := hold(t, s, 1)
		f.Reset()
		for round := range 3 {
			f.mustPut(bytes.Repeat([]byte{byte(round)}, 100_000))
			f.wantContent(bytes.Repeat([]byte{byte(round)}, 100_000))
			copied, err := unix.FcntlInt(uintptr(f.FD()), unix.F_DUPFD_CLOEXEC, 0)
			if err != nil {
				t.Fatal(err)
			}
			f.Reset()
			if f.Size() != 0 || f.FD() >= 0 || !f.Warm(0, 1) {
				t.Errorf("got %d bytes and descriptor %d, want an empty file", f.Size(), f.FD())
			}
			await(t, "a file that is given back", func() bool { return s.Stats().Bytes == 0 && s.Stats().Files == 0 })
			f.mustPut([]byte("what comes next"))
			b := make([]byte, 100_000)
			if n, err := unix.Pread(copied, b, 0); n != len(b) || err != nil || b[0] != byte(round) {
				t.Errorf("what was sent: got %d bytes, %v, want them as they were", n, err)
			}
			_ = unix.Close(copied)
			f.Reset()
		}
		f.Close()
	})
}

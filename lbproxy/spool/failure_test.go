package spool

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// held is a file, with what notifies of it.
type held struct {
	*File
	t     *testing.T
	notes chan *File
}

// hold makes a file of this owner.
func hold(t *testing.T, s *Store, n int) held {
	notes := make(chan *File, 100)
	return held{s.NewFile(owner(n), func(f *File) { notes <- f }), t, notes}
}

// settled waits for the file's notify, and settles.
func (h held) settled() (failed []byte, err error) {
	h.t.Helper()
	select {
	case f := <-h.notes:
		if f != h.File || !f.Busy() {
			h.t.Errorf("notify: got %p, busy: %v, want %p, busy", f, f.Busy(), h.File)
		}
		failed, err = f.Settle()
		if f.Busy() {
			h.t.Error("a file is busy after it was settled")
		}
	case <-time.After(time.Minute):
		h.t.Fatal("in a minute there was no notify")
	}
	return failed, err
}

// put admits and writes b.
func (h held) put(b []byte) (failed []byte, err error) {
	h.t.Helper()
	if !h.Admit(int64(len(b))) {
		h.t.Fatalf("admit %d bytes: got %s", len(b), h.Refusal())
	}
	if h.Write(b) {
		return nil, nil
	}
	return h.settled()
}

// mustPut puts b, which has to work.
func (h held) mustPut(b []byte) {
	h.t.Helper()
	if failed, err := h.put(b); len(failed) > 0 || err != nil {
		h.t.Fatalf("write %d bytes: got %d that failed, %v", len(b), len(failed), err)
	}
}

// wantContent checks what the file has.
func (h held) wantContent(want []byte) {
	h.t.Helper()
	got := make([]byte, h.Size()+1)
	n := 0
	if h.FD() >= 0 {
		var err error
		if n, err = unix.Pread(h.FD(), got[:h.Size()], 0); err != nil {
			h.t.Fatal(err)
		}
	}
	if !bytes.Equal(got[:n], want) {
		h.t.Errorf("content: got %d bytes, want %d, or they differ", n, len(want))
	}
}

// warmUp waits until so many bytes can be sent.
func (h held) warmUp(offset, n int64) error {
	h.t.Helper()
	if h.Warm(offset, n) {
		return nil
	}
	if _, err := h.settled(); err != nil {
		return err
	}
	if !h.Warm(offset, n) {
		h.t.Errorf("%d bytes from %d were read: got not ready, want ready", n, offset)
	}
	return nil
}

// eachKind runs a test with a store in memory, and with one in a folder.
func eachKind(t *testing.T, test func(t *testing.T, s *Store, w *watched)) {
	for name, path := range map[string]string{"memory": "", "folder": t.TempDir()} {
		t.Run(name, func(t *testing.T) {
			w := watch(t)
			s := newStore(Options{Path: path, Size: 1 << 30}, w.kernel)
			test(t, s, w)
			wantNothingLeft(t, s, w)
		})
	}
}

var errDisk = os.NewSyscallError("pwrite", unix.EIO)

func TestAFileThatCannotBeMadeKeepsTheBytes(t *testing.T) {
	eachKind(t, func(t *testing.T, s *Store, w *watched) {
		f := hold(t, s, 1)
		body := []byte("all of the body")
		w.set(func() { w.fail[opening] = os.NewSyscallError("open", unix.EROFS) })
		failed, err := f.put(body)
		if !bytes.Equal(failed, body) || !errors.Is(err, unix.EROFS) {
			t.Errorf("got %q, %v, want all bytes and EROFS", failed, err)
		}
		if got := s.Stats(); got.Failed != 1 || got.Bytes != 0 || f.Size() != 0 || f.FD() >= 0 {
			t.Errorf("got %+v and a file of %d bytes, want a failure and nothing held", got, f.Size())
		}
		w.set(func() { clear(w.fail) })
		f.mustPut(body)
		f.wantContent(body)
		f.Close()
	})
}

// TestWhatDoesNotFitIsGivenBack: the file ends where the disk was full, and has all that came before.
func TestWhatDoesNotFitIsGivenBack(t *testing.T) {
	eachKind(t, func(t *testing.T, s *Store, w *watched) {
		f := hold(t, s, 1)
		first, second := bytes.Repeat([]byte("1"), 100_000), []byte(strings.Repeat("0123456789", 20_000))
		f.mustPut(first)
		for _, part := range []int{0, 1, 4096, 199_999} {
			w.set(func() { w.left, w.short = part, 5000 })
			size := f.Size()
			failed, err := f.put(second)
			if !errors.Is(err, unix.ENOSPC) || !bytes.Equal(failed, second[part:]) {
				t.Errorf("full after %d bytes: got %d that failed, %v, want the last %d", part, len(failed), err, len(second)-part)
			}
			if got := f.Size(); got != size+int64(part) || s.Stats().Bytes != got {
				t.Errorf("full after %d bytes: got %d, and %d counted, want %d", part, got, s.Stats().Bytes, size+int64(part))
			}
			first = append(first, second[:part]...)
			f.wantContent(first)
		}
		if got := s.Stats().Failed; got != 4 {
			t.Errorf("got %d failures counted, want 4", got)
		}
		w.set(func() { w.left = -1 })
		f.mustPut(second)
		f.wantContent(append(first, second...))
		f.Close()
	})
}

func TestWritesThatTakeOnlyAPartAreContinued(t *testing.T) {
	eachKind(t, func(t *testing.T, s *Store, w *watched) {
		f := hold(t, s, 1)
		body := []byte(strings.Repeat("0123456789", 1000))
		w.set(func() { w.short = 777 })
		f.mustPut(body)
		f.wantContent(body)
		if got := w.count(writingStep); got != 13 {
			t.Errorf("got %d writes, want 13", got)
		}
		f.Close()
	})
}

func TestAWriteThatTakesNothingIsAnError(t *testing.T) {
	eachKind(t, func(t *testing.T, s *Store, w *watched) {
		w.write = func(int, []byte, int64) (int, error) { return 0, nil }
		f := hold(t, s, 1)
		if failed, err := f.put([]byte("body")); string(failed) != "body" || !errors.Is(err, errNoProgress) {
			t.Errorf("got %q, %v, want that it takes nothing", failed, err)
		}
		f.Close()
	})
}

func TestWhatFailedIsGoodUntilTheNextCall(t *testing.T) {
	eachKind(t, func(t *testing.T, s *Store, w *watched) {
		for name, next := range map[string]func(f held){
			"a write": func(f held) { w.set(func() { clear(w.fail) }); f.mustPut([]byte("x")) },
			"a reset": func(f held) { f.Reset() },
			"warm":    func(f held) { f.Warm(0, 1) },
			"close":   func(f held) { f.Close() },
		} {
			f := hold(t, s, 1)
			w.set(func() { w.fail[writingStep] = errDisk })
			failed, err := f.put([]byte("body"))
			if string(failed) != "body" || !errors.Is(err, unix.EIO) {
				t.Errorf("got %q, %v, want EIO", failed, err)
			}
			if again, err := f.Settle(); again != nil || err != nil {
				t.Errorf("settle again: got %q, %v, want nothing", again, err)
			}
			if string(failed) != "body" || s.buffers.flight.Load() == 0 {
				t.Errorf("before %s: got %q, %d bytes in buffers, want it kept", name, failed, s.buffers.flight.Load())
			}
			next(f)
			await(t, "a buffer that is back after "+name, func() bool { return s.buffers.flight.Load() == 0 })
			f.Close()
		}
	})
}

func TestBytesThatCannotBeRead(t *testing.T) {
	w := watch(t)
	s := newStore(Options{Path: t.TempDir(), Size: 1 << 30}, w.kernel)
	f := hold(t, s, 1)
	f.mustPut(make([]byte, 500_000))
	w.set(func() { w.cold, w.fail[readingStep] = true, os.NewSyscallError("pread", unix.EIO) })
	if err := f.warmUp(0, 100_000); !errors.Is(err, unix.EIO) || s.Stats().Failed != 1 {
		t.Errorf("got %v, want EIO, counted", err)
	}
	w.set(func() { clear(w.fail) })
	if err := f.warmUp(0, 500_000); err != nil {
		t.Errorf("another time: got %v, want it read", err)
	}
	w.kernel.read = func(int, []byte, int64) (int, error) { return 0, nil }
	if err := f.warmUp(100, 200); !errors.Is(err, errNoProgress) {
		t.Errorf("a file that is too short: got %v, want an error", err)
	}
	f.Close()
	wantNothingLeft(t, s, w)
}

// TestWhereThePageCacheCannotBeAskedThePoolReads: whatever keeps mmap or mincore from answering.
func TestWhereThePageCacheCannotBeAskedThePoolReads(t *testing.T) {
	w := watch(t)
	s := newStore(Options{Path: t.TempDir(), Size: 1 << 30}, w.kernel)
	f := hold(t, s, 1)
	w.set(func() { w.fail[lookingAtPages] = os.NewSyscallError("mincore", unix.EPERM) })
	f.mustPut(make([]byte, 500_000))
	for _, n := range []int64{1, 65_536, 300_000} {
		reads := w.count(readingStep)
		if err := f.warmUp(10, n); err != nil || w.count(readingStep) == reads {
			t.Errorf("%d bytes: got %v and %d reads, want some", n, err, w.count(readingStep)-reads)
		}
	}
	f.Close()
	wantNothingLeft(t, s, w)
}

func TestAFileWithoutAPageCacheIsRefused(t *testing.T) {
	w := watch(t)
	s := newStore(Options{Path: t.TempDir(), Size: 1 << 30}, w.kernel)
	w.set(func() { w.fail[lookingAtPages] = os.NewSyscallError("mmap", unix.ENODEV) })
	f := hold(t, s, 1)
	if failed, err := f.put([]byte("body")); string(failed) != "body" || !errors.Is(err, unix.ENODEV) || f.FD() >= 0 {
		t.Errorf("got %q, %v, descriptor %d, want ENODEV and none", failed, err, f.FD())
	}
	f.Close()
	wantNothingLeft(t, s, w)
}

func TestWhatMustNotBeCalledIsAFault(t *testing.T) {
	w := watch(t)
	s := newStore(Options{Path: t.TempDir(), Size: 1 << 30}, w.kernel)
	for state, prepare := range map[string]func(f held){
		"busy":   func(f held) { f.Write([]byte("x")) },
		"closed": func(f held) { f.Close() },
	} {
		for name, call := range map[string]func(f held){
			"write": func(f held) { f.Write([]byte("x")) },
			"warm":  func(f held) { f.Warm(0, 1) },
			"reset": func(f held) { f.Reset() },
		} {
			t.Run(name+" while "+state, func(t *testing.T) {
				f := hold(t, s, 1)
				prepare(f)
				defer f.Close()
				defer func() {
					if fault := recover(); fault != "spool: "+name+" while a file is busy or closed" {
						t.Errorf("got %v, want a fault", fault)
					}
				}()
				call(f)
			})
		}
	}
	wantNothingLeft(t, s, w)
}

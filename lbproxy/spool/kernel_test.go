package spool

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// step is a call that a watched kernel makes.
type step int

const (
	opening step = iota
	writingStep
	readingStep
	lookingAtPages
	lookingForRoom
	steps
)

func (s step) String() string {
	return [...]string{"open", "write", "read", "look at pages", "look for room"}[s]
}

// watched is the real kernel, in which each step can be made to fail, to wait, or to do only a part. It knows which
// files are open and in use, so that none is closed twice, under a call, or never.
type watched struct {
	*kernel
	t *testing.T

	mu    sync.Mutex // guards all below
	open  map[int]int
	now   time.Duration
	calls [steps]int
	fail  map[step]error
	wait  map[step]chan struct{} // a call waits until it is closed
	short int                    // bytes that one write takes at most; 0 is all
	left  int                    // bytes that all writes take before they fail; negative is no limit
	cold  bool                   // nothing is in the page cache
}

// watch makes a watched kernel. When the test has ended everything has to be closed.
func watch(t *testing.T) *watched {
	w := &watched{kernel: linux(), t: t, open: map[int]int{}, fail: map[step]error{}, wait: map[step]chan struct{}{}, left: -1}
	real := *w.kernel
	w.openMemory = func() (int, error) {
		return w.opened(func() (int, error) { return real.openMemory() })
	}
	w.openUnnamed = func(folder string) (int, error) {
		return w.opened(func() (int, error) { return real.openUnnamed(folder) })
	}
	w.write = func(fd int, b []byte, offset int64) (n int, err error) {
		err = w.use(fd, writingStep, func() error {
			n, err = w.writePart(real.write, fd, b, offset)
			return err
		})
		return n, err
	}
	w.read = func(fd int, b []byte, offset int64) (n int, err error) {
		err = w.use(fd, readingStep, func() error {
			n, err = real.read(fd, b, offset)
			return err
		})
		return n, err
	}
	w.resident = func(fd int, offset, n int64) (there bool, err error) {
		err = w.use(fd, lookingAtPages, func() error {
			there, err = real.resident(fd, offset, n)
			return err
		})
		w.mu.Lock()
		defer w.mu.Unlock()
		return there && !w.cold, err
	}
	w.space = func(folder string) (inRAM bool, free int64, err error) {
		if err := w.enter(lookingForRoom); err != nil {
			return false, 0, err
		}
		return real.space(folder)
	}
	w.close = w.closed(real.close)
	w.kernel.now = func() time.Duration {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.now
	}
	return w
}

// set changes what the kernel does, under its mutex.
func (w *watched) set(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
}

// enter counts a step, waits, and fails.
func (w *watched) enter(s step) error {
	w.mu.Lock()
	w.calls[s]++
	gate := w.wait[s]
	w.mu.Unlock()
	if gate != nil {
		<-gate
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.fail[s]
}

func (w *watched) opened(open func() (int, error)) (int, error) {
	if err := w.enter(opening); err != nil {
		return -1, err
	}
	fd, err := open()
	if err == nil {
		w.set(func() { w.open[fd] = 0 })
	}
	return fd, err
}

// use makes a call on a descriptor, which has to be open until it has ended.
func (w *watched) use(fd int, s step, call func() error) error {
	w.set(func() {
		if _, is := w.open[fd]; !is {
			w.t.Errorf("%v on descriptor %d, which is not open", s, fd)
		}
		w.open[fd]++
	})
	err := w.enter(s)
	if err == nil {
		err = call()
	}
	w.set(func() { w.open[fd]-- })
	return err
}

// writePart writes as much as one write, and all of them, may.
func (w *watched) writePart(write func(int, []byte, int64) (int, error), fd int, b []byte, offset int64) (int, error) {
	w.mu.Lock()
	if w.short > 0 {
		b = b[:min(len(b), w.short)]
	}
	if w.left == 0 {
		w.mu.Unlock()
		return 0, os.NewSyscallError("pwrite", unix.ENOSPC)
	}
	if w.left > 0 {
		b = b[:min(len(b), w.left)]
		w.left -= len(b)
	}
	w.mu.Unlock()
	return write(fd, b, offset)
}

func (w *watched) closed(closeFD func(int)) func(int) {
	return func(fd int) {
		w.set(func() {
			users, is := w.open[fd]
			if !is || users > 0 {
				w.t.Errorf("close of descriptor %d: open: %v, calls on it: %d", fd, is, users)
			}
			delete(w.open, fd)
		})
		closeFD(fd)
	}
}

// count is how often a step was made.
func (w *watched) count(s step) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calls[s]
}

// await waits until something is so.
func await(t *testing.T, what string, is func() bool) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !is() {
		if time.Now().After(deadline) {
			t.Fatalf("in a minute there was not: %s", what)
		}
		time.Sleep(100 * time.Microsecond)
	}
}

// wantNothingLeft waits until a store has given everything back: bytes, files, descriptors, buffers, goroutines.
func wantNothingLeft(t *testing.T, s *Store, w *watched) {
	t.Helper()
	p := s.settings.Load().place
	await(t, "a store that has given everything back", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		p.pool.Lock()
		defer p.pool.Unlock()
		s.ledger.Lock()
		defer s.ledger.Unlock()
		return s.files.Load() == 0 && s.ledger.all.Load() == 0 && len(s.ledger.by) == 0 && p.held.Load() == 0 &&
			s.buffers.flight.Load() == 0 && len(w.open) == 0 && p.pool.workers == 0 && p.pool.first == nil
	})
}

func TestAFileInAFolderHasNoName(t *testing.T) {
	for name, open := range map[string]func(string) (int, error){"by O_TMPFILE": openUnnamed, "unlinked": openAndUnlink} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			fd, err := open(folder)
			if err != nil {
				t.Fatal(err)
			}
			defer unix.Close(fd)
			wantPrivate(t, fd)
			if entries, err := os.ReadDir(folder); err != nil || len(entries) > 0 {
				t.Errorf("the folder: got %v, %v, want nothing in it", entries, err)
			}
			if n, err := write(fd, []byte("body"), 0); n != 4 || err != nil {
				t.Errorf("write: got %d, %v, want 4", n, err)
			}
			b := make([]byte, 10)
			if n, err := read(fd, b, 1); string(b[:n]) != "ody" || err != nil {
				t.Errorf("read: got %q, %v, want the bytes from there on", b[:n], err)
			}
		})
	}
}

// wantPrivate checks that no other user can read a file, that it has no name, and that no child gets it.
func wantPrivate(t *testing.T, fd int) {
	t.Helper()
	var s unix.Stat_t
	if err := unix.Fstat(fd, &s); err != nil {
		t.Fatal(err)
	}
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	if s.Mode&0o77 != 0 || s.Nlink != 0 || flags&unix.FD_CLOEXEC == 0 || err != nil {
		t.Errorf("got mode %o, %d names and flags %d, %v, want it private, without a name and closed on exec",
			s.Mode, s.Nlink, flags, err)
	}
}

func TestAFileInMemoryIsPrivate(t *testing.T) {
	fd, err := openMemory()
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	wantPrivate(t, fd)
	if !inRAM(fd) {
		t.Error("it is not in RAM")
	}
}

func TestWhereNoFileCanBeMade(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		folder string
		errno  unix.Errno
	}{
		{filepath.Join(t.TempDir(), "missing"), unix.ENOENT},
		{file, unix.ENOTDIR},
		{"/proc", unix.ENOENT},
	} {
		fd, err := openUnnamed(test.folder)
		if fd >= 0 || err == nil {
			t.Errorf("%s: got %d, %v, want %v", test.folder, fd, err, test.errno)
		}
		if test.folder != "/proc" && !errors.Is(err, test.errno) {
			t.Errorf("%s: got %v, want %v", test.folder, err, test.errno)
		}
	}
}

func TestWhichFoldersAreInRAM(t *testing.T) {
	for folder, want := range map[string]bool{"/dev/shm": true, "/proc": false} {
		inRAM, _, err := space(folder)
		if inRAM != want || err != nil {
			t.Errorf("%s: got %v, %v, want %v", folder, inRAM, err, want)
		}
	}
	if _, free, err := space(t.TempDir()); free <= 0 || err != nil {
		t.Errorf("a folder for tests: got %d bytes free, %v, want some", free, err)
	}
	if _, _, err := space("/missing/folder"); !errors.Is(err, unix.ENOENT) {
		t.Errorf("no folder: got %v, want ENOENT", err)
	}
}

func TestACallThatASignalInterruptsIsMadeAgain(t *testing.T) {
	calls := 0
	n, err := retry(func() (int, error) {
		if calls++; calls < 3 {
			return -1, unix.EINTR
		}
		return 7, nil
	})
	if n != 7 || err != nil || calls != 3 {
		t.Errorf("got %d, %v after %d calls, want 7 after 3", n, err, calls)
	}
}

func TestErrorsSayWhichCall(t *testing.T) {
	_, writeErr := write(-1, []byte("x"), 0)
	_, readErr := read(-1, []byte("x"), 0)
	_, pagesErr := resident(-1, 0, 1)
	for call, err := range map[string]error{"pwrite": writeErr, "pread": readErr, "mmap": pagesErr} {
		if err == nil || err.Error() != call+": bad file descriptor" {
			t.Errorf("%s: got %v, want that the descriptor is bad", call, err)
		}
	}
}

// onDisk is a file with n bytes in it that has been written to a disk; the test is skipped where there is none.
func onDisk(t *testing.T, n int) int {
	t.Helper()
	fd, err := openUnnamed(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if inRAM(fd) {
		t.Skip("SKIPPED: the folder for tests is in RAM")
	}
	if _, err := write(fd, bytes.Repeat([]byte("x"), n), 0); err != nil {
		t.Fatal(err)
	}
	return fd
}

// chill has the kernel drop a file's pages from offset on.
func chill(t *testing.T, fd int, offset int64) {
	t.Helper()
	if err := unix.Fsync(fd); err != nil {
		t.Fatal(err)
	}
	if err := unix.Fadvise(fd, offset, 0, unix.FADV_DONTNEED); err != nil {
		t.Fatal(err)
	}
}

func TestPagesThatAreNotInTheCacheAreSeen(t *testing.T) {
	page := int64(os.Getpagesize())
	size := 3*windowPages*page + 100 // more than two windows, and a part of a page
	fd := onDisk(t, int(size))
	chill(t, fd, 0)
	if there, err := resident(fd, 0, size); there || err != nil {
		t.Skipf("SKIPPED: the kernel keeps the pages of this file system (%v)", err)
	}
	readAt := func(offset int64) {
		if _, err := read(fd, make([]byte, size-offset), offset); err != nil {
			t.Fatal(err)
		}
	}
	readAt(0)
	for _, test := range []struct{ offset, n int64 }{{0, size}, {0, 1}, {size - 1, 1}, {page - 1, 2}, {5, windowPages * page}} {
		if there, err := resident(fd, test.offset, test.n); !there || err != nil {
			t.Errorf("%d bytes from %d that were read: got %v, %v, want true", test.n, test.offset, there, err)
		}
	}
	chill(t, fd, 2*windowPages*page)
	for _, test := range []struct {
		offset, n int64
		want      bool
	}{{0, 2 * windowPages * page, true}, {0, size, false}, {2 * windowPages * page, 1, false}, {size - 1, 1, false}} {
		if there, err := resident(fd, test.offset, test.n); there != test.want || err != nil {
			t.Errorf("%d bytes from %d after the end was dropped: got %v, %v, want %v", test.n, test.offset, there, err, test.want)
		}
	}
}

func TestToLookAtPagesAllocatesNothing(t *testing.T) {
	fd := onDisk(t, 1<<20)
	allocations := testing.AllocsPerRun(100, func() {
		if there, err := resident(fd, 0, 1<<20); !there || err != nil {
			t.Errorf("just written: got %v, %v, want true", there, err)
		}
	})
	if allocations != 0 {
		t.Errorf("got %v allocations, want none", allocations)
	}
}

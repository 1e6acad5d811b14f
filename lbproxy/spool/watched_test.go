package spool

import (
	"os"
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
	w := &watched{kernel: linux(), t: t, left: -1}
	w.open, w.fail, w.wait = map[int]int{}, map[step]error{}, map[step]chan struct{}{}
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

package spool

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// FuzzFiles does to a few files what the bytes say, with steps that fail, and compares each with a plain model of it:
// what it has, what it could not take, and what is counted. Two bytes are one operation.
func FuzzFiles(f *testing.F) {
	random := rand.New(rand.NewPCG(12, 35))
	for range 20 {
		operations := make([]byte, 300)
		for i := range operations {
			operations[i] = byte(random.Uint32())
		}
		f.Add(operations, random.IntN(2) == 0)
	}
	folder := f.TempDir()
	f.Fuzz(func(t *testing.T, operations []byte, inMemory bool) {
		options := Options{Path: folder, Size: 1 << 20}
		if inMemory {
			options.Path = ""
		}
		w := watch(t)
		s := newStore(options, w.kernel)
		m := &model{t: t, s: s, w: w}
		for i := range m.files {
			m.files[i] = &modelFile{held: hold(t, s, i%3), who: i % 3}
		}
		for ; len(operations) > 1; operations = operations[2:] {
			m.perform(operations[0], int(operations[1]))
		}
		for _, f := range m.files {
			f.Close()
		}
		wantNothingLeft(t, s, w)
		m.wantNoLateNotify()
	})
}

// model is what a store should be like.
type model struct {
	t      *testing.T
	s      *Store
	w      *watched
	files  [4]*modelFile
	closed []held
}

// modelFile is what a file should be like.
type modelFile struct {
	held
	who     int // the owner
	content []byte
	under   underWay
	piece   []byte // that is being written
}

// underWay is what a file was not done with.
type underWay int

const (
	nothing underWay = iota
	aWrite
	aRead
)

// perform does one operation with one file; n says with how much.
func (m *model) perform(operation byte, n int) {
	f := m.files[operation>>4&3]
	switch operation & 15 {
	case 0, 1, 2, 3, 4:
		m.write(f, n)
	case 5, 6, 7:
		m.warm(f, n)
	case 8, 9:
		m.settle(f)
	case 10:
		m.reset(f)
	case 11:
		m.close(f)
	case 12:
		m.w.set(func() { m.w.cold = n%2 == 0 })
	case 13:
		m.w.set(func() { m.w.short = 1000 * n })
	case 14:
		m.failing(n)
	case 15:
		m.w.set(func() { clear(m.w.fail); m.w.left = -1 })
	}
	m.check(f)
}

// failing has a step fail, or the disk be full soon.
func (m *model) failing(n int) {
	m.w.set(func() {
		if s := step(n % int(steps+1)); s < steps {
			m.w.fail[s] = os.NewSyscallError(s.String(), unix.EIO)
		} else {
			m.w.left = 500 * n
		}
	})
}

func (m *model) write(f *modelFile, n int) {
	if f.under != nothing {
		return
	}
	size := n * n
	if n == 250 {
		size = 300_000 // more than the largest class of buffers
	}
	if !f.Admit(int64(size)) {
		if f.Refusal() == "" {
			m.t.Error("a refusal has no reason")
		}
		return
	}
	piece := bytes.Repeat([]byte{byte(n), byte(len(f.content))}, size)[:size]
	f.piece = bytes.Clone(piece)
	done := f.Write(piece)
	clear(piece) // it is the caller's again
	if done {
		f.content = append(f.content, f.piece...)
		return
	}
	f.under = aWrite
	if size == 0 {
		m.t.Error("an empty write is not done")
	}
}

func (m *model) warm(f *modelFile, n int) {
	if f.under != nothing {
		return
	}
	offset := int64(len(f.content)) * int64(n) / 256
	if ready := f.Warm(offset, int64(n*1000)); !ready {
		f.under = aRead
		if f.place.path == "" {
			m.t.Error("a file in memory is not ready")
		}
	}
}

// settle waits for what is under way, or settles where nothing is.
func (m *model) settle(f *modelFile) {
	if f.under == nothing {
		if failed, err := f.Settle(); failed != nil || err != nil {
			m.t.Errorf("with nothing under way: got %d bytes, %v", len(failed), err)
		}
		return
	}
	failed, err := f.settled()
	if f.under == aWrite {
		m.tookUp(f, failed, err)
	} else if failed != nil || err != nil && !errors.Is(err, unix.EIO) {
		m.t.Errorf("a read: got %d bytes that failed, %v", len(failed), err)
	}
	f.under, f.piece = nothing, nil
	f.wantContent(f.content)
}

// tookUp checks what became of a write.
func (m *model) tookUp(f *modelFile, failed []byte, err error) {
	wrote := len(f.piece) - len(failed)
	if wrote < 0 || !bytes.Equal(failed, f.piece[wrote:]) {
		m.t.Fatalf("a write of %d bytes: got %d that failed, or others", len(f.piece), len(failed))
	}
	if (err != nil) != (len(failed) > 0) || err != nil && !errors.Is(err, unix.EIO) && !errors.Is(err, unix.ENOSPC) {
		m.t.Errorf("a write of %d bytes: got %d that failed, %v", len(f.piece), len(failed), err)
	}
	f.content = append(f.content, f.piece[:wrote]...)
}

func (m *model) reset(f *modelFile) {
	if f.under != nothing {
		return
	}
	f.wantContent(f.content)
	f.Reset()
	f.content = nil
}

// close closes a file, whatever is under way, and has another one instead.
func (m *model) close(f *modelFile) {
	f.Close()
	m.closed = append(m.closed, f.held)
	*f = modelFile{held: hold(m.t, m.s, f.who), who: f.who}
}

// check compares a file with its model.
func (m *model) check(f *modelFile) {
	if f.Busy() != (f.under != nothing) {
		m.t.Fatalf("busy: got %v, want %v", f.Busy(), f.under != nothing)
	}
	if f.under != aWrite && f.Size() != int64(len(f.content)) {
		m.t.Fatalf("size: got %d, want %d", f.Size(), len(f.content))
	}
	if got := m.s.Stats(); got.Bytes > got.BytesMax || got.Bytes < 0 || got.Files < 0 {
		m.t.Fatalf("got %+v, want no more than there may be", got)
	}
}

// wantNoLateNotify: what was closed is notified of once at most, and that is nothing then.
func (m *model) wantNoLateNotify() {
	for _, f := range m.closed {
		if len(f.notes) > 1 {
			m.t.Errorf("got %d notifies of a file that was closed, want one at most", len(f.notes))
		}
		if failed, err := f.Settle(); failed != nil || err != nil {
			m.t.Errorf("of a file that was closed: got %d bytes, %v, want nothing", len(failed), err)
		}
	}
}

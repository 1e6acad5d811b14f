package spool

import (
	"net/netip"
	"sync/atomic"
)

// How far what a file has begun is.
const (
	idle    uint32 = iota
	working        // in the pool, which owns the file's job
	ended          // and not taken up yet
	closed         // for good; a job that was in the pool then gives all back
)

// File holds the bytes of one body. Its methods belong to one goroutine, that of a loop.
type File struct {
	store  *Store
	place  *place
	owner  netip.Addr
	notify func(*File)

	progress atomic.Uint32 // from working to ended by the pool, all else by the goroutine of the file
	fd       int           // -1 before there is one
	inRAM    bool          // nothing that is done with it waits; not known of a folder's before there is one
	counted  bool          // among the store's files
	admitted int64         // bytes that are counted against the owner
	size     int64         // bytes that are written, and taken up

	warmFrom, warmTo int64   // what was just read, for one call of Warm
	failed           *buffer // bytes that could not be written, kept for the caller
	refusal          refusal // of the last Admit

	task task
	job  job
}

// Admit counts n bytes more against what all may hold, and what its owner may. It is called before what is about to be
// written; false means that there is no room: too many bytes or files are held, or are on their way to a slow disk.
func (f *File) Admit(n int64) bool {
	if f.refusal = f.store.admit(f, n); f.refusal == granted {
		f.admitted += n
		return true
	}
	if f.refusal != noProgress {
		f.store.refused.Add(1)
	}
	return false
}

// Await is for what was not admitted because the disk is behind: notify will come when less is on its way there. Until
// [File.Settle] nothing else may be called, as behind Write. It reports whether it was that; nothing is awaited
// otherwise.
func (f *File) Await() bool {
	if f.refusal != noProgress {
		return false
	}
	f.begin("await")
	f.job = job{kind: waiting}
	f.progress.Store(working)
	f.store.line.add(f)
	f.store.wake() // all may have been written meanwhile
	return true
}

// Refusal says, for a log line, why the last Admit found no room.
func (f *File) Refusal() string { return string(f.refusal) }

// Write appends a copy of b, which is the caller's again on return. Where it is not done, notify will come, or has
// come: until [File.Settle] neither Write, Warm nor Reset may be called. What was not admitted is counted all the same.
func (f *File) Write(b []byte) (done bool) {
	f.begin("write")
	if len(b) == 0 {
		return true
	}
	f.ensureCounted(int64(len(b)))
	if !f.inRAM {
		f.submit(job{kind: writing, buffer: f.store.buffers.copyOf(b)})
		return false
	}
	if n, err := f.writeNow(b); err != nil {
		f.store.count(err)
		f.job = job{kind: writing, err: err, buffer: f.store.buffers.copyOf(b[n:])}
		f.progress.Store(ended)
		f.notify(f)
		return false
	}
	return true
}

// writeNow writes to RAM.
func (f *File) writeNow(b []byte) (n int, err error) {
	if f.fd < 0 {
		if f.fd, f.inRAM, err = f.place.make(); err != nil {
			return 0, err
		}
	}
	n, err = f.place.writeAll(f.fd, b, f.size)
	f.size += int64(n)
	return n, err
}

// Busy reports whether something is under way, or has ended and was not taken up by [File.Settle].
func (f *File) Busy() bool {
	p := f.progress.Load()
	return p == working || p == ended
}

// Settle takes up what has ended: the file is as long as it has become. failed are the bytes that could not be
// written; they are good until the next Write, Warm, Reset or Close, and count no longer. err says why, also for
// bytes that could not be read. Where nothing has ended it does nothing.
func (f *File) Settle() (failed []byte, err error) {
	if f.progress.Load() != ended {
		return nil, nil
	}
	f.progress.Store(idle)
	f.adopt()
	j := f.job
	f.job = job{}
	switch {
	case j.err == nil && j.kind == reading:
		f.warmFrom, f.warmTo = j.offset, j.offset+j.n
	case j.err != nil && j.kind == writing:
		failed = j.buffer.b[j.n:]
		f.admitted -= int64(len(failed))
		f.store.ledger.add(f.owner, -int64(len(failed)))
		f.failed = j.buffer
		return failed, j.err
	}
	f.store.put(j.buffer)
	if j.kind == waiting {
		f.store.wake() // it may not write
	}
	return nil, j.err
}

// Size is how many bytes are written and may be sent.
func (f *File) Size() int64 { return f.size }

// FD is the descriptor, for sendfile; -1 before the first byte is written. It is good until Reset or Close.
func (f *File) FD() int { return f.fd }

// Warm reports whether n bytes from offset can be sent without waiting for a disk. If they cannot, the pool reads
// them, and notify will come: until [File.Settle] neither Write, Warm nor Reset may be called. The next call is
// ready then, so that what has to leave leaves, however short memory is. All n are read, so they should be what the
// next call of sendfile is to take.
func (f *File) Warm(offset, n int64) (ready bool) {
	f.begin("warm")
	n = min(n, f.size-offset)
	if f.inRAM || n <= 0 {
		return true
	}
	wasRead := f.warmFrom <= offset && offset+n <= f.warmTo
	f.warmFrom, f.warmTo = 0, 0
	if wasRead {
		return true
	}
	if there, err := f.store.kernel.resident(f.fd, offset, n); there && err == nil {
		return true
	}
	f.submit(job{kind: reading, offset: offset, n: n, buffer: f.store.buffers.get(classes[1])})
	return false
}

// Reset begins anew: all was sent. The room is given back, and the next write makes another file: pages of this one may
// still be on their way to the peer (sendfile copies nothing), so nothing must be written over them.
func (f *File) Reset() {
	f.begin("reset")
	f.release()
}

// Close gives everything back. What is under way is not waited for: the pool closes the descriptor behind it. The
// bytes count until the descriptor is closed, which for a small file in RAM is at once. A notify that was on its way
// may still come; Settle does nothing then. Nothing but Settle, Busy and Close may be called after it.
func (f *File) Close() {
	if f.progress.CompareAndSwap(working, closed) || f.progress.Swap(closed) == closed {
		return
	}
	f.adopt()
	f.store.put(f.job.buffer)
	f.job = job{}
	f.forget()
	f.release()
}

// begin checks that nothing is under way, and forgets what the last call has left.
func (f *File) begin(what string) {
	if p := f.progress.Load(); p != idle {
		panic("spool: " + what + " while a file is busy or closed")
	}
	f.forget()
}

func (f *File) forget() {
	f.store.put(f.failed)
	f.failed = nil
}

// ensureCounted counts what was not admitted of n bytes that are about to be written.
func (f *File) ensureCounted(n int64) {
	if missing := f.size + n - f.admitted; missing > 0 {
		f.store.ledger.add(f.owner, missing)
		f.admitted += missing
	}
	if !f.counted {
		f.counted = true
		f.store.files.Add(1)
	}
}

// reset makes it a file without anything.
func (f *File) reset() {
	f.fd, f.inRAM, f.counted, f.admitted, f.size = -1, f.place.path == "", false, 0, 0
	f.warmFrom, f.warmTo = 0, 0
}

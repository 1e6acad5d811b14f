package spool

import (
	"net/netip"
	"sync/atomic"
)

const (
	// ramPart: one part of the memory that may be used holds bodies, where they are in RAM.
	ramPart = 4
	// flightPart: bytes that are on their way to a disk take one part of that memory, within these bounds. Four reads
	// of a loop fit in the least.
	flightPart     = 32
	flightBytesMin = 1 << 20
	flightBytesMax = 64 << 20
	// filesPart: one part of the descriptors that this process may have are for files.
	filesPart = 8
)

// Options says where bodies are held, and how much of them.
type Options struct {
	Path      string // the folder of the files, which have no name in it; empty: memory that has a descriptor (memfd)
	Size      int64  // bytes of all files together; 0: a quarter of MemoryMax in RAM, half of what is free on a disk
	MemoryMax int64  // bytes that the container may use; 0: those of the machine
}

// Store holds the bodies of all loops. Its methods may be called from any goroutine.
type Store struct {
	kernel   *kernel
	settings atomic.Pointer[settings]
	ledger   ledger
	buffers  buffers
	line     line
	filesMax int64

	files, refused, failed atomic.Int64
}

// settings are [Options] with what follows from them.
type settings struct {
	place     *place
	size      int64 // as in Options
	ramMax    int64 // bytes of bodies in RAM, where size does not say it
	flightMax int64 // bytes on their way to a disk
}

// Stats is what a store holds, and what became of bodies.
type Stats struct {
	Files    int64 // that hold something, or are about to
	Bytes    int64 // that are counted as held, which may be ahead of what is written
	BytesMax int64 // that may be held now
	Refused  int64 // times that there was no room, since the start
	Failed   int64 // times that a file could not be made, written or read, since the start
}

// New makes a store. It makes no file and starts no goroutine, and no call of it waits.
func New(o Options) *Store { return newStore(o, linux()) }

func newStore(o Options, k *kernel) *Store {
	s := &Store{kernel: k, filesMax: max(1, k.descriptorsMax()/filesPart)}
	s.Configure(o)
	return s
}

// Configure takes over new settings. Files that are open stay where they are and as long as they are; they count
// against the new size.
func (s *Store) Configure(o Options) {
	if o.MemoryMax == 0 {
		o.MemoryMax = s.kernel.memory()
	}
	set := &settings{
		size:      o.Size,
		ramMax:    o.MemoryMax / ramPart,
		flightMax: min(max(o.MemoryMax/flightPart, flightBytesMin), flightBytesMax),
	}
	if old := s.settings.Load(); old != nil && old.place.path == o.Path {
		set.place = old.place
	} else {
		set.place = newPlace(o.Path, s.kernel)
	}
	s.settings.Store(set)
}

// NewFile is a file for the bytes of one body; owner is the client whose share they count against: an IPv6 address
// stands for its /64, and all without an address share one. It makes no system call: the file is made with the first
// write. Whenever something has ended that the caller was not done with, notify is called, from any goroutine or from
// within Write: it is to have [File.Settle] called on the goroutine to which the file belongs, and nothing else.
func (s *Store) NewFile(owner netip.Addr, notify func(*File)) *File {
	f := &File{store: s, place: s.settings.Load().place, owner: shareOf(owner), notify: notify}
	f.reset()
	f.task.run = f.work
	return f
}

// Stats counts.
func (s *Store) Stats() Stats {
	return Stats{
		Files:    s.files.Load(),
		Bytes:    s.ledger.all.Load(),
		BytesMax: s.bytesMax(s.settings.Load()),
		Refused:  s.refused.Load(),
		Failed:   s.failed.Load(),
	}
}

// bytesMax is how many bytes may be held now.
func (s *Store) bytesMax(set *settings) int64 {
	switch {
	case set.size > 0:
		return set.size
	case set.place.path == "":
		return set.ramMax
	default:
		return set.place.room(set.ramMax)
	}
}

// admit counts n bytes more for f, if there is room.
func (s *Store) admit(f *File, n int64) refusal {
	set := s.settings.Load()
	if set.size == 0 {
		set.place.look()
	}
	if !f.inRAM && s.buffers.flight.Load() >= set.flightMax {
		return noProgress
	}
	if !f.counted && s.files.Add(1) > s.filesMax {
		s.files.Add(-1)
		return noFile
	}
	why := s.ledger.take(f.owner, n, s.bytesMax(set))
	if why != granted && !f.counted {
		s.files.Add(-1)
	}
	f.counted = f.counted || why == granted
	return why
}

// put takes a buffer back, and lets the next file go on that waits for less to be on its way.
func (s *Store) put(o *buffer) {
	s.buffers.put(o)
	s.wake()
}

// wake lets the file go on that has waited longest for less to be on its way to a disk, if less is.
func (s *Store) wake() {
	if s.line.length.Load() == 0 || s.buffers.flight.Load() >= s.settings.Load().flightMax {
		return
	}
	if f := s.line.take(); f != nil {
		f.place.pool.submit(&f.task)
	}
}

// count counts what has failed.
func (s *Store) count(err error) {
	if err != nil {
		s.failed.Add(1)
	}
}

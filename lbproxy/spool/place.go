package spool

import (
	"errors"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// lookEvery is how long what a folder has room for is believed.
	lookEvery = 10 * time.Second
	// freePart: of what is free in a folder, one part may be held.
	freePart = 2
	// unknown is the room of a folder that was not looked at yet.
	unknown = -1
)

// place is where files are made: a folder, or memory. Each has a pool of its own, so that no slow disk keeps the files
// of another place waiting.
type place struct {
	path   string // empty for memory
	kernel *kernel
	pool   pool

	held    atomic.Int64 // bytes in files here
	free    atomic.Int64 // bytes that are free there, with those that are held, or unknown
	inRAM   atomic.Bool
	looking atomic.Bool
	looked  atomic.Int64 // when it was looked at last, in nanoseconds on the kernel's clock
	task    task
}

func newPlace(path string, k *kernel) *place {
	p := &place{path: path, kernel: k}
	p.inRAM.Store(path == "")
	p.free.Store(unknown)
	p.looked.Store(int64(-lookEvery)) // before the clock began
	p.task.run = p.measure
	return p
}

// room is how many bytes may be held here. ramMax are those that RAM may hold; they are the first guess about a disk
// as well, which a body does not wait for to be looked at.
func (p *place) room(ramMax int64) int64 {
	free := p.free.Load()
	switch {
	case free == unknown:
		return ramMax
	case p.inRAM.Load():
		return min(ramMax, free/freePart)
	default:
		return free / freePart
	}
}

// look has the pool see how much room there is, unless it has just done so.
func (p *place) look() {
	if p.path == "" || p.kernel.now()-time.Duration(p.looked.Load()) < lookEvery {
		return
	}
	if p.looking.CompareAndSwap(false, true) {
		p.pool.submit(&p.task)
	}
}

// measure sees how much room there is. Where that fails what was known stays.
func (p *place) measure() {
	held := p.held.Load()
	if inRAM, free, err := p.kernel.space(p.path); err == nil {
		p.inRAM.Store(inRAM)
		p.free.Store(free + held)
	}
	p.looked.Store(int64(p.kernel.now()))
	p.looking.Store(false)
}

// make opens a new file, which has no name. One without a page cache, such as FUSE's with direct I/O, is refused: to
// send from it always waits.
func (p *place) make() (fd int, inRAM bool, err error) {
	if p.path == "" {
		if fd, err = p.kernel.openMemory(); err != nil {
			return -1, true, err
		}
		return fd, true, nil
	}
	if fd, err = p.kernel.openUnnamed(p.path); err != nil {
		return -1, false, err
	}
	if p.kernel.inRAM(fd) {
		return fd, true, nil
	}
	if _, err = p.kernel.resident(fd, 0, 1); errors.Is(err, unix.ENODEV) {
		p.kernel.close(fd)
		return -1, false, err
	}
	return fd, false, nil
}

// writeAll writes b at offset, and says how many bytes of it are there.
func (p *place) writeAll(fd int, b []byte, offset int64) (n int, err error) {
	for n < len(b) {
		wrote, err := p.kernel.write(fd, b[n:], offset+int64(n))
		if err == nil && wrote <= 0 {
			err = errNoProgress
		}
		if err != nil {
			return n, err
		}
		n += wrote
		p.held.Add(int64(wrote))
	}
	return n, nil
}

// readAll reads n bytes from offset through b, so that they are in the page cache.
func (p *place) readAll(fd int, b []byte, offset, n int64) error {
	for n > 0 {
		read, err := p.kernel.read(fd, b[:min(n, int64(len(b)))], offset)
		if err == nil && read <= 0 {
			err = errNoProgress
		}
		if err != nil {
			return err
		}
		offset, n = offset+int64(read), n-int64(read)
	}
	return nil
}

var errNoProgress = errors.New("a file takes or gives nothing")

package spool

// releaseBytesMax is how large a file in RAM is that is closed at once. To give memory back takes about 0.1 ms for a
// MiB, which is too long for a loop where it is more.
const releaseBytesMax = 1 << 20

// jobKind is what the pool does for a file.
type jobKind uint8

const (
	writing jobKind = iota
	reading
	waiting // in the line, until less is on its way to the disk
)

// job is what the pool does for a file, and what came of it. It is the pool's while the file is working, and the
// file's otherwise.
type job struct {
	kind   jobKind
	buffer *buffer // what is written, or where a read goes
	offset int64   // of a read
	n      int64   // bytes to read, or that were written

	made  bool // a file was made, with
	fd    int
	inRAM bool
	err   error
}

// submit gives a job to the pool.
func (f *File) submit(j job) {
	f.job = j
	f.progress.Store(working)
	f.place.pool.submit(&f.task)
}

// work does the file's job, in the pool.
func (f *File) work() {
	if f.progress.Load() == working {
		f.perform(&f.job)
	}
	if f.progress.CompareAndSwap(working, ended) {
		f.notify(f)
		return
	}
	f.adopt() // closed meanwhile
	f.store.put(f.job.buffer)
	f.remains().giveBack()
	f.store.wake()
}

func (f *File) perform(j *job) {
	switch j.kind {
	case writing:
		f.makeAndWrite(j)
	case reading:
		j.err = f.place.readAll(f.fd, j.buffer.b, j.offset, j.n)
	case waiting:
	}
	f.store.count(j.err)
}

// makeAndWrite writes, into a new file where there is none.
func (f *File) makeAndWrite(j *job) {
	fd := f.fd
	if fd < 0 {
		if j.fd, j.inRAM, j.err = f.place.make(); j.err != nil {
			return
		}
		fd, j.made = j.fd, true
	}
	var n int
	n, j.err = f.place.writeAll(fd, j.buffer.b, f.size)
	j.n = int64(n)
}

// adopt makes what a job has made the file's.
func (f *File) adopt() {
	j := &f.job
	if j.made {
		f.fd, f.inRAM, j.made = j.fd, j.inRAM, false
	}
	if j.kind == writing {
		f.size += j.n
	}
}

// remains is what is to be given back of a file that is closed, or begins anew.
type remains struct {
	file     *File
	fd       int
	counted  bool
	admitted int64
	size     int64
}

func (f *File) remains() remains {
	return remains{file: f, fd: f.fd, counted: f.counted, admitted: f.admitted, size: f.size}
}

// release gives back what the file has: at once where that takes no time, else in the pool.
func (f *File) release() {
	r := f.remains()
	inRAM := f.inRAM
	f.reset()
	if r.fd < 0 || inRAM && r.size <= releaseBytesMax {
		r.giveBack()
		return
	}
	f.place.pool.submit(&task{run: r.giveBack})
}

// giveBack closes the descriptor, and then counts no more what it held.
func (r remains) giveBack() {
	s, p := r.file.store, r.file.place
	if r.fd >= 0 {
		s.kernel.close(r.fd)
	}
	p.held.Add(-r.size)
	s.ledger.add(r.file.owner, -r.admitted)
	if r.counted {
		s.files.Add(-1)
	}
}

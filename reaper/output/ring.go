package output

// ring keeps the last ringBytes of a stream. Positions count from the stream's first byte ever.
type ring struct {
	buf []byte // nil before the first byte; position p is at buf[p%ringBytes]
	end uint64 // bytes ever written
}

// ringBytes is a traceback or a screenful, for each of a worker's two streams.
const ringBytes = 8 << 10

func (r *ring) write(p []byte) {
	if r.buf == nil {
		r.buf = make([]byte, ringBytes)
	}
	if skip := len(p) - ringBytes; skip > 0 {
		r.end += uint64(skip)
		p = p[skip:]
	}
	n := copy(r.buf[r.end%ringBytes:], p)
	copy(r.buf, p[n:])
	r.end += uint64(len(p))
}

// start is the oldest position that is kept.
func (r *ring) start() uint64 {
	if r.end <= ringBytes {
		return 0
	}
	return r.end - ringBytes
}

// read copies what is kept of the positions from up to to.
func (r *ring) read(from, to uint64) []byte {
	from, to = max(from, r.start()), min(to, r.end)
	if from >= to {
		return nil
	}
	p := make([]byte, to-from)
	n := copy(p, r.buf[from%ringBytes:])
	copy(p[n:], r.buf)
	return p
}

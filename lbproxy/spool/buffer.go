package spool

import (
	"sync"
	"sync/atomic"
)

// classes are the sizes in bytes of buffers: what a slow client sends at once, a part of a read, and a whole one.
var classes = [...]int{16 << 10, 64 << 10, 256 << 10}

// buffer is a copy of bytes that are on their way to a disk.
type buffer struct {
	b     []byte
	class int // len(classes) for one that is larger than all of them, which is not used again
}

// buffers hands them out. It may be called from any goroutine.
type buffers struct {
	idle   [len(classes)]sync.Pool
	flight atomic.Int64 // bytes that are handed out
}

// copyOf is a copy of b.
func (p *buffers) copyOf(b []byte) *buffer {
	o := p.get(len(b))
	copy(o.b, b)
	return o
}

// get returns a buffer of n bytes.
func (p *buffers) get(n int) *buffer {
	class, size := 0, n
	for class < len(classes) && n > classes[class] {
		class++
	}
	if class < len(classes) {
		size = classes[class]
	}
	p.flight.Add(int64(size))
	if class < len(classes) {
		if o, _ := p.idle[class].Get().(*buffer); o != nil {
			o.b = o.b[:n]
			return o
		}
	}
	return &buffer{b: make([]byte, n, size), class: class}
}

// put takes one back; nil is fine.
func (p *buffers) put(o *buffer) {
	if o == nil {
		return
	}
	p.flight.Add(-int64(cap(o.b)))
	if o.class < len(classes) {
		p.idle[o.class].Put(o)
	}
}

// Package buffer keeps the bytes of a loop. A [Pool] hands buffers out, and says how near they are to their budget. A
// [Box] is a queue of bytes in such a buffer that wait: for a peer whose socket is full, or to be parsed. A [Scratch]
// is where a read goes. All belong to the goroutine of their loop. Nothing here refuses anything: before it asks for a
// buffer, a caller asks for the [Pool.Pressure].
package buffer

// classes are the sizes in bytes that buffers come in, each with how many idle ones a loop keeps: an ordinary head; a
// long head; one with the cookies of single sign-on; a held body (64 KiB and its head); what one read can leave
// unsent.
var classes = [...]struct{ bytes, keep int }{
	{4 << 10, 1024},
	{20 << 10, 64},
	{40 << 10, 16},
	{96 << 10, 16},
	{320 << 10, 4},
}

// Pool is a loop's free lists. A connection that waits owns no buffer; one that has a remainder to keep takes the
// smallest that fits and gives it back when it is empty. The zero value is empty, and has no budget.
type Pool struct {
	free   [len(classes)][][]byte
	used   int64 // bytes that are handed out
	idle   int64 // bytes on the lists
	budget int64 // of used; 0 is no limit
}

// Get returns an empty slice with room for at least n bytes. Beyond the largest class it is an ordinary
// allocation that Put leaves to the garbage collector.
func (p *Pool) Get(n int) []byte {
	for i := range classes {
		if n > classes[i].bytes {
			continue
		}
		if list := p.free[i]; len(list) > 0 {
			b := list[len(list)-1]
			p.free[i] = list[:len(list)-1]
			p.idle -= int64(cap(b))
			p.used += int64(cap(b))
			return b
		}
		n = classes[i].bytes
		break
	}
	p.used += int64(n)
	return make([]byte, 0, n)
}

// SizeFor is the capacity of the buffer that Get returns for n bytes.
func SizeFor(n int) int {
	for i := range classes {
		if n <= classes[i].bytes {
			return classes[i].bytes
		}
	}
	return n
}

// Put takes back what get returned; nil is fine. The caller must hold no reference into it.
func (p *Pool) Put(b []byte) {
	p.used -= int64(cap(b))
	for i := range classes {
		if cap(b) == classes[i].bytes {
			if len(p.free[i]) < classes[i].keep && (p.budget == 0 || p.idle < p.budget/4) {
				p.idle += int64(cap(b))
				p.free[i] = append(p.free[i], b[:0])
			}
			return
		}
	}
}

// Fit moves what is in b to a smaller buffer, where one is large enough.
func (p *Pool) Fit(b []byte) []byte {
	if SizeFor(len(b)) >= cap(b) {
		return b
	}
	smaller := append(p.Get(len(b)), b...)
	p.Put(b)
	return smaller
}

// Append appends data to b, moving to a larger buffer when b has no room.
func (p *Pool) Append(b, data []byte) []byte {
	if len(b)+len(data) > cap(b) {
		larger := append(p.Get(max(len(b)+len(data), growth(len(b)))), b...)
		p.Put(b)
		b = larger
	}
	return append(b, data...)
}

// growth is the least that a buffer of n bytes grows to: beyond the classes twice as much, so that a long body is not
// copied with each read of it.
func growth(n int) int {
	if n < classes[len(classes)-1].bytes {
		return 0
	}
	return 2 * n
}

// Box is a queue of bytes that wait. The zero value is empty and owns nothing.
type Box struct {
	b   []byte
	off int
}

// Pending is how many bytes wait.
func (o *Box) Pending() int { return len(o.b) - o.off }

// Bytes are those that wait. They are good until the next Add or Release.
func (o *Box) Bytes() []byte { return o.b[o.off:] }

// Take drops the first n of the bytes that wait.
func (o *Box) Take(n int) { o.off += n }

// Keep drops all but the last n of them. None is moved.
func (o *Box) Keep(n int) { o.off = len(o.b) - n }

// Add keeps a copy of data behind what is there already.
func (o *Box) Add(p *Pool, data []byte) {
	if o.off > 0 && len(o.b)+len(data) > cap(o.b) {
		o.b = o.b[:copy(o.b, o.b[o.off:])]
		o.off = 0
	}
	o.b = p.Append(o.b, data)
}

// Release drops what is left and gives the buffer back.
func (o *Box) Release(p *Pool) {
	p.Put(o.b)
	*o = Box{}
}

package lbproxy

// bufferClasses are the sizes in bytes that buffers come in, each with how many idle ones a loop keeps:
// an ordinary head; a long head; one with the cookies of single sign-on; a held body (64 KiB and its head); what one read can
// leave unsent.
var bufferClasses = [...]struct{ bytes, keep int }{
	{4 << 10, 1024},
	{20 << 10, 64},
	{40 << 10, 16},
	{96 << 10, 16},
	{320 << 10, 4},
}

// buffers are a loop's free lists. A connection that waits owns no buffer; one that has a remainder to keep
// takes the smallest that fits and gives it back when it is empty.
type buffers struct {
	free   [len(bufferClasses)][][]byte
	used   int64 // bytes that are handed out
	idle   int64 // bytes on the lists
	budget int64 // of used; 0 is no limit. Nothing here enforces it: pressure tells who asks
}

// get returns an empty slice with room for at least n bytes. Beyond the largest class it is an ordinary
// allocation that put leaves to the garbage collector.
func (p *buffers) get(n int) []byte {
	for i := range bufferClasses {
		if n > bufferClasses[i].bytes {
			continue
		}
		if list := p.free[i]; len(list) > 0 {
			b := list[len(list)-1]
			p.free[i] = list[:len(list)-1]
			p.idle -= int64(cap(b))
			p.used += int64(cap(b))
			return b
		}
		n = bufferClasses[i].bytes
		break
	}
	p.used += int64(n)
	return make([]byte, 0, n)
}

// classOf is the capacity of the buffer that get returns for n bytes.
func classOf(n int) int {
	for i := range bufferClasses {
		if n <= bufferClasses[i].bytes {
			return bufferClasses[i].bytes
		}
	}
	return n
}

// put takes back what get returned; nil is fine. The caller must hold no reference into it.
func (p *buffers) put(b []byte) {
	p.used -= int64(cap(b))
	for i := range bufferClasses {
		if cap(b) == bufferClasses[i].bytes {
			if len(p.free[i]) < bufferClasses[i].keep && (p.budget == 0 || p.idle < p.budget/4) {
				p.idle += int64(cap(b))
				p.free[i] = append(p.free[i], b[:0])
			}
			return
		}
	}
}

// add appends data to b, moving to a larger buffer when b has no room.
func (p *buffers) add(b, data []byte) []byte {
	if len(b)+len(data) > cap(b) {
		larger := append(p.get(max(len(b)+len(data), growth(len(b)))), b...)
		p.put(b)
		b = larger
	}
	return append(b, data...)
}

// growth is the least that a buffer of n bytes grows to: beyond the classes twice as much, so that a long body is not
// copied with each read of it.
func growth(n int) int {
	if n < bufferClasses[len(bufferClasses)-1].bytes {
		return 0
	}
	return 2 * n
}

// outbox holds bytes that wait: for a peer whose socket is full, or to be parsed. The zero value is empty and owns nothing.
type outbox struct {
	b   []byte
	off int
}

func (o *outbox) pending() int { return len(o.b) - o.off }

// bytes are what is pending. They are good until the next add or release.
func (o *outbox) bytes() []byte { return o.b[o.off:] }

// add keeps a copy of data behind what is there already.
func (o *outbox) add(p *buffers, data []byte) {
	if o.off > 0 && len(o.b)+len(data) > cap(o.b) {
		o.b = o.b[:copy(o.b, o.b[o.off:])]
		o.off = 0
	}
	o.b = p.add(o.b, data)
}

// release drops what is left and gives the buffer back.
func (o *outbox) release(p *buffers) {
	p.put(o.b)
	*o = outbox{}
}

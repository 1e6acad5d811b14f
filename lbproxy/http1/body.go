package http1

// Body is the progress of a message body in one direction. The zero value is one that has not begun. Its fields are
// to be read: the methods set them. It is a value that can be copied, and holds no buffer of its own.
type Body struct {
	Framing Framing // where it ends
	Left    int64   // bytes to come, with FramingLength
	Total   int64   // payload bytes so far, those of Skip included
	Trailer []byte  // what the last Take found of the trailer section, field lines and all; lies where that was
	Done    bool    // all of it has been taken
	chunks  ChunkDecoder
}

// Begin sets b to the start of a message body, as a head announces it: length is the [Request.Length] or
// [Response.Length] that goes with FramingLength.
func (b *Body) Begin(framing Framing, length int64) {
	*b = Body{Framing: framing, Left: length}
	b.Done = framing == FramingNone || framing == FramingLength && length == 0
}

// Take decodes what raw holds of the body, in place: payload is what was found, moved together to the front of
// raw where chunk framing stood between, and used is how many bytes of raw belong to this message. err is an *[Error],
// of chunked framing alone; after one the body must not be used again.
func (b *Body) Take(raw []byte) (payload []byte, used int, err error) {
	switch b.Framing {
	case FramingLength:
		n := int(min(int64(len(raw)), b.Left))
		b.Left -= int64(n)
		b.Done = b.Left == 0
		payload, used = raw[:n], n
	case FramingClose:
		payload, used = raw, len(raw)
	case FramingChunked:
		payload, used, err = b.takeChunks(raw)
	case FramingNone:
	}
	b.Total += int64(len(payload))
	return payload, used, err
}

// Skip counts n bytes of a body that are thrown away as they are. Where it ends is not looked for any more.
func (b *Body) Skip(n int) { b.Total += int64(n) }

// Closed notes that the peer has closed its connection, which is where a body with FramingClose ends.
func (b *Body) Closed() { b.Done = b.Done || b.Framing == FramingClose }

func (b *Body) takeChunks(raw []byte) (payload []byte, used int, err error) {
	kept, first, trailer := 0, 0, -1
	b.Trailer = nil
	for used < len(raw) && !b.chunks.Done() {
		if trailer < 0 && b.chunks.InTrailers() {
			trailer = used
		}
		data, n, err := b.chunks.Next(raw[used:])
		if err != nil {
			return nil, used, err
		}
		if n == 0 {
			break
		}
		if len(data) > 0 && kept == 0 {
			// The common case, one chunk: leave it where it is.
			first = used + n - len(data) // Next ends with the data
			kept = len(data)
		} else if len(data) > 0 {
			kept += copy(raw[first+kept:], data)
		}
		used += n
	}
	if trailer >= 0 {
		b.Trailer = raw[trailer:used]
	}
	b.Done = b.chunks.Done()
	return raw[first : first+kept], used, nil
}

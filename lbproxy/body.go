package lbproxy

import "percore/lbproxy/http1"

// body is the progress of a message body in one direction.
type body struct {
	framing http1.Framing
	left    int64 // bytes to come, with FramingLength
	total   int64 // payload bytes so far
	chunks  http1.ChunkDecoder
	trailer []byte // what the last read brought of the trailer section; lies where that read was
	done    bool
}

// begin sets b to the start of a message body.
func (b *body) begin(framing http1.Framing, length int64) {
	*b = body{framing: framing, left: length}
	b.done = framing == http1.FramingNone || framing == http1.FramingLength && length == 0
}

// take decodes what raw holds of the body, in place: payload is what was found, moved together to the front of
// raw where chunk framing stood between, and used is how many bytes of raw belong to this message.
func (b *body) take(raw []byte) (payload []byte, used int, err error) {
	switch b.framing {
	case http1.FramingLength:
		n := int(min(int64(len(raw)), b.left))
		b.left -= int64(n)
		b.done = b.left == 0
		payload, used = raw[:n], n
	case http1.FramingClose:
		payload, used = raw, len(raw)
	case http1.FramingChunked:
		payload, used, err = b.takeChunks(raw)
	case http1.FramingNone:
	}
	b.total += int64(len(payload))
	return payload, used, err
}

func (b *body) takeChunks(raw []byte) (payload []byte, used int, err error) {
	kept, first, trailer := 0, 0, -1
	b.trailer = nil
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
		b.trailer = raw[trailer:used]
	}
	b.done = b.chunks.Done()
	return raw[first : first+kept], used, nil
}

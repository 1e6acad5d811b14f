package demo

import "percore/lbproxy/http1"

// body counts off the bytes of a request's body.
type body struct {
	framing http1.Framing
	left    int64 // with FramingLength
	chunks  http1.ChunkDecoder
}

// skip takes as much of b as belongs to the body.
func (y *body) skip(b []byte) (n int, err error) {
	if y.framing == http1.FramingLength {
		n = int(min(y.left, int64(len(b))))
		y.left -= int64(n)
		return n, nil
	}
	for y.framing == http1.FramingChunked && n < len(b) && !y.chunks.Done() {
		_, taken, err := y.chunks.Next(b[n:])
		if err != nil {
			return n, err
		}
		n += taken
	}
	return n, nil
}

// done reports whether the body is complete.
func (y *body) done() bool {
	switch y.framing {
	case http1.FramingLength:
		return y.left == 0
	case http1.FramingChunked:
		return y.chunks.Done()
	case http1.FramingNone, http1.FramingClose: // a request has no FramingClose
		return true
	}
	return true
}

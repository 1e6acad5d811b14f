package buffer

import "percore/lbproxy/http1"

// The parts of a Scratch.
const (
	// ScratchBytes is what one read may bring: large reads, not splice, make large bodies cheap (docs/bench.md).
	ScratchBytes = 256 << 10
	// HeadroomBytes in front of it let a response's new head be put right before its body.
	HeadroomBytes = 48 << 10
	// tailroomBytes behind it take a chunk's end.
	tailroomBytes = 32
)

// Scratch is where a read goes. It has room in front and behind, so that what was read is framed anew where it lies
// and leaves by one write. A loop has one; what is in it is good until the next read.
type Scratch []byte

// NewScratch makes the one of a loop.
func NewScratch() Scratch { return make(Scratch, HeadroomBytes+ScratchBytes+tailroomBytes) }

// Area is where a read of at most n bytes goes.
func (s Scratch) Area(n int) []byte { return s[HeadroomBytes : HeadroomBytes+n] }

// Place copies b to where a read would have put it.
func (s Scratch) Place(b []byte) []byte {
	return s[HeadroomBytes : HeadroomBytes+copy(s[HeadroomBytes:], b)]
}

// Chunk makes a chunk of payload, which lies in s, by writing around it; last ends the body.
func (s Scratch) Chunk(payload []byte, last bool) []byte {
	start, end := HeadroomBytes, HeadroomBytes
	if len(payload) > 0 {
		start = offsetIn(s, payload)
		end = start + len(payload)
		var number [20]byte
		head := http1.AppendChunkHead(number[:0], len(payload))
		start -= len(head)
		copy(s[start:], head)
		end += copy(s[end:], "\r\n")
	}
	if last {
		end += copy(s[end:], http1.LastChunk)
	}
	return s[start:end]
}

// Join puts head right in front of body, which lies in s unless it is empty.
func (s Scratch) Join(head, body []byte) []byte {
	if len(body) == 0 {
		return head
	}
	start := offsetIn(s, body)
	if start < len(head) { // it is longer than the headroom
		return append(head, body...)
	}
	copy(s[start-len(head):], head)
	return s[start-len(head) : start+len(body)]
}

// offsetIn is where part starts in whole, of which it is a sub-slice whose capacity was not cut.
func offsetIn(whole, part []byte) int { return cap(whole) - cap(part) }

package lbproxy

import "percore/lbproxy/http1"

const (
	// scratchBytes is what one read may bring: large reads, not splice, make large bodies cheap (docs/bench.md).
	scratchBytes = 256 << 10
	// headroomBytes in front of it let a response's new head be put right before its body.
	headroomBytes = 48 << 10
	// tailroomBytes behind it take a chunk's end.
	tailroomBytes = 32
)

// scratch is where a read goes. It has room in front and behind, so that what was read is framed anew where it lies and leaves by one
// write. A loop has one; what is in it is good until the next read.
type scratch []byte

func newScratch() scratch { return make(scratch, headroomBytes+scratchBytes+tailroomBytes) }

// area is where a read of at most n bytes goes.
func (s scratch) area(n int) []byte { return s[headroomBytes : headroomBytes+n] }

// place copies b to where a read would have put it.
func (s scratch) place(b []byte) []byte {
	return s[headroomBytes : headroomBytes+copy(s[headroomBytes:], b)]
}

// chunk makes a chunk of payload, which lies in s, by writing around it; last ends the body.
func (s scratch) chunk(payload []byte, last bool) []byte {
	start, end := headroomBytes, headroomBytes
	if len(payload) > 0 {
		start = offsetIn(s, payload)
		end = start + len(payload)
		var number [20]byte
		head := http1.AppendChunkHead(number[:0], len(payload))
		start -= len(head)
		copy(s[start:], head)
		end += copy(s[end:], crlf)
	}
	if last {
		end += copy(s[end:], http1.LastChunk)
	}
	return s[start:end]
}

// join puts head right in front of body, which lies in s unless it is empty.
func (s scratch) join(head, body []byte) []byte {
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

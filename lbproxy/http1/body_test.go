package http1_test

import (
	"errors"
	"fmt"
	"testing"

	"percore/lbproxy/http1"
)

// bodyTaken is everything that a Body says of a message.
type bodyTaken struct {
	payload string
	trailer string
	used    int
	total   int64
	done    bool
	refused bool
}

// takeBody hands raw to a Body in pieces of at most size bytes, and what is left of a piece with the next one.
func takeBody(t *testing.T, framing http1.Framing, length int64, raw string, size int) (got bodyTaken) {
	t.Helper()
	var b http1.Body
	b.Begin(framing, length)
	for at := 0; at < len(raw) && !b.Done; at += size {
		piece := []byte(raw[at:min(at+size, len(raw))])
		payload, used, err := b.Take(piece)
		var refusal *http1.Error
		if errors.As(err, &refusal) {
			return bodyTaken{refused: true}
		}
		if used < len(piece) && !b.Done || len(payload) > used {
			t.Fatalf("at byte %d of %q: used %d of %d with %d of payload, and done is %t", at, raw, used, len(piece), len(payload), b.Done)
		}
		got.payload += string(payload)
		got.trailer += string(b.Trailer)
		got.used += used
	}
	got.total, got.done = b.Total, b.Done
	return got
}

func TestBody(t *testing.T) {
	tests := []struct {
		name    string
		framing http1.Framing
		length  int64
		raw     string
		want    bodyTaken
	}{
		{"no body, and what follows is left", http1.FramingNone, 0, "next", bodyTaken{done: true}},
		{"a length of 0", http1.FramingLength, 0, "next", bodyTaken{done: true}},
		{"a length", http1.FramingLength, 5, "hello", bodyTaken{payload: "hello", used: 5, total: 5, done: true}},
		{"a length, and what follows", http1.FramingLength, 5, "hellonext", bodyTaken{payload: "hello", used: 5, total: 5, done: true}},
		{"a part of a length", http1.FramingLength, 9, "hello", bodyTaken{payload: "hello", used: 5, total: 5}},
		{"up to the close", http1.FramingClose, 0, "hello", bodyTaken{payload: "hello", used: 5, total: 5}},
		{"no chunk", http1.FramingChunked, 0, "0\r\n\r\nnext", bodyTaken{trailer: "\r\n", used: 5, done: true}},
		{
			"one chunk", http1.FramingChunked, 0, "5;a=b\r\nhello\r\n0\r\n\r\n",
			bodyTaken{payload: "hello", trailer: "\r\n", used: 19, total: 5, done: true},
		},
		{
			"several chunks, trailers, and what follows", http1.FramingChunked, 0, "2\r\nhe\r\n2\r\nll\r\n1\r\no\r\n0\r\nA: b\r\nC: d\r\n\r\nnext",
			bodyTaken{payload: "hello", trailer: "A: b\r\nC: d\r\n\r\n", used: 37, total: 5, done: true},
		},
		{"a part of a chunk", http1.FramingChunked, 0, "5\r\nhel", bodyTaken{payload: "hel", used: 6, total: 3}},
		{"a chunk that is none", http1.FramingChunked, 0, "5\r\nhello\r\nx\r\n", bodyTaken{refused: true}},
	}
	for _, test := range tests {
		for _, size := range []int{1 << 20, 1, 3, 4} {
			t.Run(fmt.Sprintf("%s, in pieces of %d", test.name, size), func(t *testing.T) {
				if got := takeBody(t, test.framing, test.length, test.raw, size); got != test.want {
					t.Errorf("got %+v, want %+v", got, test.want)
				}
			})
		}
	}
}

func TestOneChunkStaysWhereItIs(t *testing.T) {
	raw := []byte("5\r\nhello\r\n0\r\n\r\n")
	var b http1.Body
	b.Begin(http1.FramingChunked, 0)
	if payload, _, err := b.Take(raw); err != nil || &payload[0] != &raw[3] {
		t.Errorf("got %q and %v, want the chunk's own bytes", payload, err)
	}
}

func TestTheCloseEndsOnlyABodyThatGoesOnUntilThen(t *testing.T) {
	for _, framing := range []http1.Framing{http1.FramingLength, http1.FramingChunked, http1.FramingClose} {
		var b http1.Body
		b.Begin(framing, 1)
		b.Closed()
		if want := framing == http1.FramingClose; b.Done != want {
			t.Errorf("%s: got done %t, want %t", framing, b.Done, want)
		}
	}
}

func TestSkippedBytesCount(t *testing.T) {
	var b http1.Body
	b.Begin(http1.FramingLength, 10)
	_, _, _ = b.Take([]byte("hello"))
	b.Skip(100)
	if b.Total != 105 || b.Left != 5 || b.Done {
		t.Errorf("got %d bytes, %d to come and done %t, want 105, 5 and false", b.Total, b.Left, b.Done)
	}
}

func TestABodyTakesNoMemory(t *testing.T) {
	raw := []byte("2\r\nhe\r\n3\r\nllo\r\n0\r\nA: b\r\n\r\n")
	scratch := make([]byte, len(raw))
	var b http1.Body
	allocs := testing.AllocsPerRun(100, func() {
		copy(scratch, raw)
		b.Begin(http1.FramingChunked, 0)
		_, _, _ = b.Take(scratch)
	})
	if allocs != 0 || !b.Done {
		t.Errorf("got %g allocations and done %t, want none and all of it", allocs, b.Done)
	}
}

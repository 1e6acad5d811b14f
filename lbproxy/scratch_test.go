package lbproxy

import (
	"bytes"
	"strings"
	"testing"
)

func TestAChunkIsWrittenAroundItsPayload(t *testing.T) {
	tests := []struct {
		name    string
		payload string
		last    bool
		want    string
	}{
		{"in the middle", "hello", false, "5\r\nhello\r\n"},
		{"the last one", "hello", true, "5\r\nhello\r\n0\r\n\r\n"},
		{"the end alone", "", true, "0\r\n\r\n"},
		{"nothing", "", false, ""},
		{"a long one", strings.Repeat("x", 4096), false, "1000\r\n" + strings.Repeat("x", 4096) + "\r\n"},
		{"as much as a read brings", strings.Repeat("x", scratchBytes), true, "40000\r\n" + strings.Repeat("x", scratchBytes) + "\r\n0\r\n\r\n"},
	}
	for _, test := range tests {
		s := newScratch()
		payload := s.place([]byte(test.payload))
		got := s.chunk(payload, test.last)
		if string(got) != test.want {
			t.Errorf("%s: got %.40q of %d bytes, want %.40q of %d", test.name, got, len(got), test.want, len(test.want))
		}
		if at := bytes.Index(got, payload); len(payload) > 0 && &got[at] != &payload[0] {
			t.Errorf("%s: the payload was moved", test.name)
		}
	}
}

func TestAHeadJoinsTheBodyBehindIt(t *testing.T) {
	for _, head := range []string{"head", strings.Repeat("h", headroomBytes), strings.Repeat("h", headroomBytes+1)} {
		s := newScratch()
		if got := s.join([]byte(head), s.place([]byte("body"))); string(got) != head+"body" {
			t.Errorf("a head of %d bytes: got %d bytes, want %d", len(head), len(got), len(head)+len("body"))
		}
		if got := s.join([]byte(head), nil); string(got) != head {
			t.Errorf("a head of %d bytes without a body: got %d bytes", len(head), len(got))
		}
	}
}

func TestAReadLeavesRoomOnBothSides(t *testing.T) {
	s := newScratch()
	area := s.area(scratchBytes)
	if got := offsetIn(s, area); got != headroomBytes {
		t.Errorf("room in front: got %d bytes, want %d", got, headroomBytes)
	}
	if got := len(s) - headroomBytes - len(area); got != tailroomBytes {
		t.Errorf("room behind: got %d bytes, want %d", got, tailroomBytes)
	}
}

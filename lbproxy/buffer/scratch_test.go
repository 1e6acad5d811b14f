package buffer

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
		{"as much as a read brings", strings.Repeat("x", ScratchBytes), true, "40000\r\n" + strings.Repeat("x", ScratchBytes) + "\r\n0\r\n\r\n"},
	}
	for _, test := range tests {
		s := NewScratch()
		payload := s.Place([]byte(test.payload))
		got := s.Chunk(payload, test.last)
		if string(got) != test.want {
			t.Errorf("%s: got %.40q of %d bytes, want %.40q of %d", test.name, got, len(got), test.want, len(test.want))
		}
		if at := bytes.Index(got, payload); len(payload) > 0 && &got[at] != &payload[0] {
			t.Errorf("%s: the payload was moved", test.name)
		}
	}
}

func TestAHeadJoinsTheBodyBehindIt(t *testing.T) {
	for _, head := range []string{"head", strings.Repeat("h", HeadroomBytes), strings.Repeat("h", HeadroomBytes+1)} {
		s := NewScratch()
		if got := s.Join([]byte(head), s.Place([]byte("body"))); string(got) != head+"body" {
			t.Errorf("a head of %d bytes: got %d bytes, want %d", len(head), len(got), len(head)+len("body"))
		}
		if got := s.Join([]byte(head), nil); string(got) != head {
			t.Errorf("a head of %d bytes without a body: got %d bytes", len(head), len(got))
		}
	}
}

func TestAReadLeavesRoomOnBothSides(t *testing.T) {
	s := NewScratch()
	area := s.Area(ScratchBytes)
	if got := offsetIn(s, area); got != HeadroomBytes {
		t.Errorf("room in front: got %d bytes, want %d", got, HeadroomBytes)
	}
	if got := len(s) - HeadroomBytes - len(area); got != tailroomBytes {
		t.Errorf("room behind: got %d bytes, want %d", got, tailroomBytes)
	}
}

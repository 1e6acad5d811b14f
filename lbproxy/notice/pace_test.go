package notice_test

import (
	"testing"

	"percore/lbproxy/notice"
)

func TestAFloodLeavesALineAMinute(t *testing.T) {
	var p notice.Pace
	for _, step := range []struct {
		now    int64
		others int
		line   bool
	}{{5, 0, true}, {5, 0, false}, {60_004, 0, false}, {60_005, 2, true}, {60_006, 0, false}, {200_000, 1, true}, {300_000, 0, true}} {
		if others, line := p.Admit(step.now); others != step.others || line != step.line {
			t.Errorf("at %d ms: got %d others and line %v, want %d and %v", step.now, others, line, step.others, step.line)
		}
	}
}

func TestEachPaceIsItsOwn(t *testing.T) {
	var queues, sockets notice.Pace
	for _, p := range []*notice.Pace{&queues, &sockets} {
		if _, line := p.Admit(1); !line {
			t.Error("got no line, want one about each trouble")
		}
	}
	if others, line := queues.Admit(1 + notice.PaceMillis); !line || others != 0 {
		t.Errorf("a minute later: got %v and %d others, want a line and none", line, others)
	}
}

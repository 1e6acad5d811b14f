package fleet

import (
	"slices"
	"testing"
)

func TestMailboxKeepsTheOrderAndNeverBlocks(t *testing.T) {
	m := newMailbox()
	var got []int
	for i := range 1000 {
		m.post(func() { got = append(got, i) })
	}
	<-m.wake
	for _, message := range m.take() {
		message()
	}
	if len(got) != 1000 || !slices.IsSorted(got) {
		t.Errorf("messages: got %d in order %v, want 1000 in order", len(got), slices.IsSorted(got))
	}
	if rest := m.take(); len(rest) != 0 {
		t.Errorf("second take: got %d messages, want none", len(rest))
	}
}

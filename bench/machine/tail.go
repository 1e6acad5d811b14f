package machine

import "strings"

// Tail is a writer that keeps the last Max bytes, so that a talkative child cannot fill the memory.
type Tail struct {
	Max   int
	bytes []byte
}

// Write never fails.
func (t *Tail) Write(p []byte) (int, error) {
	t.bytes = append(t.bytes, p...)
	if extra := len(t.bytes) - t.Max; extra > 0 {
		t.bytes = append(t.bytes[:0], t.bytes[extra:]...)
	}
	return len(p), nil
}

// Text is what was kept, without white space at its ends. Its writer has ended.
func (t *Tail) Text() string { return strings.TrimSpace(string(t.bytes)) }

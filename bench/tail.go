package main

import "strings"

// tail is a writer that keeps the last max bytes, so that a talkative child cannot fill the memory.
type tail struct {
	max   int
	bytes []byte
}

// Write never fails.
func (t *tail) Write(p []byte) (int, error) {
	t.bytes = append(t.bytes, p...)
	if extra := len(t.bytes) - t.max; extra > 0 {
		t.bytes = append(t.bytes[:0], t.bytes[extra:]...)
	}
	return len(p), nil
}

func (t *tail) text() string { return strings.TrimSpace(string(t.bytes)) }

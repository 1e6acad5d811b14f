package output

import (
	"bytes"
	"sync"
	"testing"
	"time"
)

// patience is for machines that are busy with something else.
const patience = 20 * time.Second

// syncBuffer is a buffer that streams write into while the test reads.
type syncBuffer struct {
	mu sync.Mutex // guards the buffer
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(200 * time.Microsecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not so within %v: %s", patience, what)
		}
	}
}

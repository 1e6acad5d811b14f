package output

import (
	"log/slog"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

func TestABrokenStdoutLosesBytesButNotTheWorker(t *testing.T) {
	log := new(syncBuffer)
	var dropped atomic.Uint64
	s := &Sink{name: "stdout", writer: brokenWriter{}, log: slog.New(slog.NewTextHandler(log, nil)), total: &dropped}
	for range 5 {
		s.write(nil, []byte("1234\n"))
	}
	if got := dropped.Load(); got != 20 {
		t.Errorf("dropped: got %d bytes, want 20", got)
	}
	if got := strings.Count(log.String(), "worker output is being dropped"); got != 1 {
		t.Errorf("warnings: got %d, want 1", got)
	}
}

// brokenWriter takes one byte of each write, as a full disk may.
type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 1, syscall.ENOSPC }

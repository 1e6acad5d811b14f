package output

import (
	"bytes"
	"log/slog"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"percore/internal/trial"
)

func TestABrokenStdoutLosesBytesButNotTheWorker(t *testing.T) {
	log := new(trial.Buffer)
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

// TestALineThatWasBegunIsNotCutByAnother: another stream's bytes begin on a line of their own, the same stream's go on.
func TestALineThatWasBegunIsNotCutByAnother(t *testing.T) {
	first, second := &Origin{Name: "first"}, &Origin{Name: "second"}
	type write struct {
		from *Origin
		text string
	}
	for name, c := range map[string]struct {
		writes []write
		want   string
	}{
		"whole lines":              {[]write{{first, "a\n"}, {second, "b\n"}}, "a\nb\n"},
		"a part and its rest":      {[]write{{first, "a"}, {first, "b\n"}}, "ab\n"},
		"a part and another":       {[]write{{first, "a"}, {second, "b\n"}, {first, "c\n"}}, "a\nb\nc\n"},
		"two parts":                {[]write{{first, "a"}, {second, "b"}, {first, "c"}}, "a\nb\nc"},
		"nothing is no write":      {[]write{{first, "a"}, {second, ""}, {first, "b\n"}}, "ab\n"},
		"lines with a part behind": {[]write{{first, "a\nb"}, {second, "c\n"}}, "a\nb\nc\n"},
	} {
		out := new(bytes.Buffer)
		s := &Sink{name: "stdout", writer: out, log: slog.New(slog.DiscardHandler), total: new(atomic.Uint64)}
		for _, w := range c.writes {
			s.write(w.from, []byte(w.text))
		}
		if got := out.String(); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

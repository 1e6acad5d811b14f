package output

import (
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
)

// Sink is where output goes: percore's own stdout or stderr, a log file, or nowhere. Writers wait when it is slow;
// that is the workers' back-pressure.
type Sink struct {
	name   string    // for the log: stdout, stderr or the file's path
	writer io.Writer // nil is no output at all
	log    *slog.Logger
	total  *atomic.Uint64 // bytes dropped here and elsewhere

	mu   sync.Mutex // guards what follows; streams that share the sink take turns
	open *Origin    // whose line it is in the middle of; nil between lines

	dropping bool // it was said that bytes are dropped
}

// write never gives up on the worker: what a broken or full sink does not take is counted and dropped, and
// the next write tries again. After a part of one stream's line, another's line begins on a line of its own.
func (s *Sink) write(from *Origin, p []byte) {
	if s.writer == nil || len(p) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open != nil && s.open != from {
		s.put([]byte{'\n'})
	}
	s.put(p)
	s.open = nil
	if p[len(p)-1] != '\n' {
		s.open = from
	}
}

// File is the log file behind a sink; nil when it is none.
func (s *Sink) File() *File {
	file, _ := s.writer.(*File)
	return file
}

func (s *Sink) put(p []byte) {
	n, err := s.writer.Write(p)
	if err == nil {
		return
	}
	s.total.Add(uint64(len(p) - n))
	if !s.dropping {
		s.dropping = true
		s.log.Warn("worker output is being dropped", "to", s.name, "err", err)
	}
}

// reopen is for log files; what cannot be reopened is dropped, and said so, when there is something to write.
func (s *Sink) reopen() {
	if file := s.File(); file != nil {
		_ = file.Reopen()
	}
}

package fleet

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync/atomic"
	"syscall"
)

// copyBytesMax is PIPE_BUF (man 7 pipe): a write of up to this many bytes to a pipe is atomic, so workers that
// share percore's stdout cut into each other's output as little as possible.
const copyBytesMax = 4096

// sink is percore's own stdout or stderr. Writers wait when it is slow; that is the workers' back-pressure.
type sink struct {
	name    string
	writer  io.Writer // nil is no output at all
	log     *slog.Logger
	dropped atomic.Uint64 // bytes
}

// write never gives up on the worker: what a broken or full stdout does not take is counted and dropped, and
// the next write tries again.
func (s *sink) write(p []byte) {
	n, err := s.writer.Write(p)
	if err == nil {
		return
	}
	lost := uint64(len(p) - n)
	if s.dropped.Add(lost) == lost {
		s.log.Warn("worker output is being dropped", "stream", s.name, "error", err)
	}
}

// Dropped counts the bytes of output that percore's own stdout and stderr did not take.
func (f *Fleet) Dropped() uint64 { return f.stdout.dropped.Load() + f.stderr.dropped.Load() }

// files gives the child's descriptors, and a function that is told how the spawn went.
func (f *Fleet) files(w *worker) (files []*os.File, opened func(error), err error) {
	extra, started := []*os.File(nil), func(error) {}
	if w.program.Files != nil {
		extra, started, err = w.program.Files(w.incarnation)
		if err != nil {
			return nil, nil, fmt.Errorf("open descriptors: %w", err)
		}
		if started == nil {
			started = func(error) {}
		}
	}
	var pipes []pipe
	for _, s := range []*sink{f.stdout, f.stderr} {
		file := f.null
		switch {
		case w.program.Inherit && s == f.stdout:
			file = os.Stdout
		case w.program.Inherit:
			file = os.Stderr
		case s.writer != nil:
			p, err := newPipe(s)
			if err != nil {
				closePipes(pipes)
				started(err)
				return nil, nil, err
			}
			pipes = append(pipes, p)
			file = p.writer
		}
		files = append(files, file)
	}
	files = append(append([]*os.File{f.null}, files...), extra...)
	return files, func(err error) {
		f.startCopying(w, pipes, err)
		started(err)
	}, nil
}

// pipe is one stream of one incarnation. The child has the writer, percore the reader.
type pipe struct {
	sink           *sink
	reader, writer *os.File
}

// newPipe makes the reader's end non-blocking, for the poller, and leaves the writer's as programs expect their
// stdout; os.Pipe would make both non-blocking.
func newPipe(s *sink) (pipe, error) {
	var fds [2]int
	if err := syscall.Pipe2(fds[:], syscall.O_CLOEXEC); err != nil {
		return pipe{}, os.NewSyscallError("pipe2", err)
	}
	if err := syscall.SetNonblock(fds[0], true); err != nil {
		return pipe{}, os.NewSyscallError("fcntl", err)
	}
	return pipe{
		sink:   s,
		reader: os.NewFile(uintptr(fds[0]), s.name),
		writer: os.NewFile(uintptr(fds[1]), s.name),
	}, nil
}

func closePipes(pipes []pipe) {
	for _, p := range pipes {
		p.reader.Close()
		p.writer.Close()
	}
}

// startCopying gives the writers up, so that the child's end is the end of the stream.
func (f *Fleet) startCopying(w *worker, pipes []pipe, spawnError error) {
	if spawnError != nil {
		closePipes(pipes)
		return
	}
	for _, p := range pipes {
		p.writer.Close()
		f.streams[p.reader] = struct{}{}
		go f.copyOutput(p, &w.tail)
	}
}

// copyOutput ends at the end of the stream: when every process that has the writer is gone, which may be long
// after the worker, or when the reader is closed.
func (f *Fleet) copyOutput(p pipe, t *tail) {
	buf := make([]byte, copyBytesMax)
	for {
		n, err := p.reader.Read(buf)
		if n > 0 {
			t.keep(buf[:n])
			p.sink.write(buf[:n])
		}
		if err != nil {
			break
		}
	}
	p.reader.Close()
	f.mail.post(func() { delete(f.streams, p.reader) })
}

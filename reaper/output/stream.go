package output

import (
	"bytes"
	"errors"
	"os"
	"syscall"
	"time"
)

const (
	// copyBytesMax is PIPE_BUF (man 7 pipe): a write of up to this many bytes to a pipe is atomic, so that what
	// others write to the same stdout does not cut it.
	copyBytesMax = 4096
	// partialMax is how long a part of a line waits for the rest. A prompt may come without any, and a program may
	// write a line in pieces, which should not be cut by another worker's.
	partialMax = 100 * time.Millisecond
)

// Stream is one output of one incarnation on its way from the pipe to its sink. It belongs to its own goroutine.
type Stream struct {
	Origin
	reader *os.File
	tail   *Tail // what is kept of it in memory
	sink   *Sink

	buf     []byte // buf[:held] is the part of a line that waits for its rest
	held    int
	hurried bool   // the wait has a limit
	out     []byte // framed lines
}

// Open makes a stream with its pipe; the writer is for the child, and the caller closes it.
func Open(from Origin, tail *Tail, to *Sink) (s *Stream, writer *os.File, err error) {
	reader, writer, err := pipe()
	if err != nil {
		return nil, nil, err
	}
	return &Stream{Origin: from, reader: reader, tail: tail, sink: to}, writer, nil
}

// pipe makes the reader's end non-blocking, for the poller, and leaves the writer's as programs expect their
// stdout; os.Pipe would make both non-blocking.
func pipe() (reader, writer *os.File, err error) {
	var fds [2]int
	if err := syscall.Pipe2(fds[:], syscall.O_CLOEXEC); err != nil {
		return nil, nil, os.NewSyscallError("pipe2", err)
	}
	if err := syscall.SetNonblock(fds[0], true); err != nil {
		return nil, nil, os.NewSyscallError("fcntl", err)
	}
	return os.NewFile(uintptr(fds[0]), "output"), os.NewFile(uintptr(fds[1]), "output"), nil
}

// Copy ends at the end of the stream: when every process that has the writer is gone, which may be long
// after the worker, or when the reader is closed.
func (s *Stream) Copy() {
	defer s.reader.Close()
	s.buf = make([]byte, copyBytesMax)
	for {
		n, err := s.reader.Read(s.buf[s.held:])
		s.tail.keep(s.Kind, s.Incarnation, s.buf[s.held:s.held+n])
		switch {
		case n > 0:
			s.take(n)
		case errors.Is(err, os.ErrDeadlineExceeded):
			s.pass(s.held) // all there is of a line
		}
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			s.pass(s.held)
			return
		}
		s.awaitRest()
	}
}

// Close ends Copy, though there may be more to read.
func (s *Stream) Close() { _ = s.reader.Close() }

// take passes n new bytes on as far as they are whole lines. A line that does not fit is passed on in pieces.
func (s *Stream) take(n int) {
	end := bytes.LastIndexByte(s.buf[s.held:s.held+n], '\n')
	whole := s.held + end + 1
	s.held += n
	if end >= 0 {
		s.pass(whole)
	}
	switch {
	case s.held == len(s.buf) && len(s.buf) < lineBytesMax:
		s.resize(lineBytesMax)
	case s.held == len(s.buf):
		s.pass(s.held)
	case len(s.buf) > copyBytesMax && s.held < copyBytesMax:
		s.resize(copyBytesMax) // a long line is rare
	}
}

func (s *Stream) resize(size int) {
	buf := make([]byte, size)
	copy(buf, s.buf[:s.held])
	s.buf = buf
}

// awaitRest sets a limit to the wait for the rest of a line. With a frame there is none: only whole lines get one.
func (s *Stream) awaitRest() {
	if s.Framing != FrameNone || s.held == 0 && !s.hurried {
		return
	}
	s.hurried = s.held > 0
	limit := time.Time{}
	if s.held > 0 {
		limit = time.Now().Add(partialMax)
	}
	_ = s.reader.SetReadDeadline(limit) // a pipe always takes one
}

// pass hands over the first n of the bytes that are held.
func (s *Stream) pass(n int) {
	if s.Framing == FrameNone {
		s.sink.write(&s.Origin, s.buf[:n])
	} else {
		s.passFramed(s.buf[:n])
	}
	s.held = copy(s.buf, s.buf[n:s.held])
}

// passFramed gives every line its frame. A piece of a line, which is too long or the last, becomes one.
func (s *Stream) passFramed(p []byte) {
	for len(p) > 0 {
		line, rest, _ := bytes.Cut(p, []byte{'\n'})
		p = rest
		before := len(s.out)
		s.out = s.frame(s.out, line)
		if before > 0 && len(s.out) > copyBytesMax {
			s.sink.write(&s.Origin, s.out[:before])
			s.out = append(s.out[:0], s.out[before:]...)
		}
	}
	s.sink.write(&s.Origin, s.out)
	s.out = s.out[:0]
	if cap(s.out) > 2*copyBytesMax {
		s.out = nil
	}
}

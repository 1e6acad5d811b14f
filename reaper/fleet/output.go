package fleet

import (
	"fmt"
	"os"
	"syscall"
)

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
	pipes, files, err := f.outputs(w)
	if err != nil {
		started(err)
		return nil, nil, err
	}
	files = append(append([]*os.File{f.null}, files...), extra...)
	return files, func(err error) {
		f.startCopying(w, pipes, err)
		started(err)
	}, nil
}

// outputs gives the child's stdout and stderr.
func (f *Fleet) outputs(w *worker) (pipes []pipe, files []*os.File, err error) {
	if w.program.Inherit {
		return nil, []*os.File{os.Stdout, w.crashText()}, nil
	}
	w.logFiles = [streamKinds]*logFile{}
	for kind := range streamKinds {
		if kind == stderr && w.program.RedirectStderr {
			files = append(files, files[0])
			break
		}
		p, err := newPipe()
		if err != nil {
			closePipes(pipes)
			return nil, nil, err
		}
		sink := f.sinkOf(w, kind)
		w.logFiles[kind], _ = sink.writer.(*logFile)
		p.stream = &stream{worker: w, incarnation: w.incarnation, kind: kind, framing: w.program.Framing, reader: p.reader, sink: sink}
		pipes, files = append(pipes, p), append(files, p.writer)
	}
	return pipes, files, nil
}

// pipe is one stream of one incarnation. The child has the writer, percore the reader.
type pipe struct {
	stream         *stream
	reader, writer *os.File
}

// newPipe makes the reader's end non-blocking, for the poller, and leaves the writer's as programs expect their
// stdout; os.Pipe would make both non-blocking.
func newPipe() (pipe, error) {
	var fds [2]int
	if err := syscall.Pipe2(fds[:], syscall.O_CLOEXEC); err != nil {
		return pipe{}, os.NewSyscallError("pipe2", err)
	}
	if err := syscall.SetNonblock(fds[0], true); err != nil {
		return pipe{}, os.NewSyscallError("fcntl", err)
	}
	return pipe{reader: os.NewFile(uintptr(fds[0]), "output"), writer: os.NewFile(uintptr(fds[1]), "output")}, nil
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
		f.streams[p.reader] = p.stream
		go f.copyOutput(p.stream)
	}
}

func (f *Fleet) copyOutput(s *stream) {
	s.copy()
	f.mail.post(func() {
		delete(f.streams, s.reader)
		f.heard(s.worker, s.incarnation)
	})
}

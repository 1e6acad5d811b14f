package fleet

import (
	"fmt"
	"os"

	"percore/reaper/output"
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
func (f *Fleet) outputs(w *worker) (pipes []outlet, files []*os.File, err error) {
	if w.program.Inherit {
		return nil, []*os.File{os.Stdout, w.crashText()}, nil
	}
	w.logFiles = [output.Kinds]*output.File{}
	for kind := range output.Kinds {
		if kind == output.Stderr && w.program.RedirectStderr {
			files = append(files, files[0])
			break
		}
		to := f.sinkOf(w, kind)
		from := output.Origin{Process: w.title, Name: w.name, Incarnation: w.incarnation, Kind: kind, Framing: w.program.Framing}
		stream, writer, err := output.Open(from, &w.tail, to)
		if err != nil {
			closePipes(pipes)
			return nil, nil, err
		}
		w.logFiles[kind] = to.File()
		pipes, files = append(pipes, outlet{stream, writer}), append(files, writer)
	}
	return pipes, files, nil
}

// outlet is one stream of one incarnation with the child's end of its pipe.
type outlet struct {
	stream *output.Stream
	writer *os.File
}

func closePipes(pipes []outlet) {
	for _, p := range pipes {
		p.stream.Close()
		p.writer.Close()
	}
}

// startCopying gives the writers up, so that the child's end is the end of the stream.
func (f *Fleet) startCopying(w *worker, pipes []outlet, spawnError error) {
	if spawnError != nil {
		closePipes(pipes)
		return
	}
	for _, p := range pipes {
		p.writer.Close()
		f.streams[p.stream] = w
		go f.copyOutput(w, p.stream)
	}
}

func (f *Fleet) copyOutput(w *worker, s *output.Stream) {
	s.Copy()
	f.mail.post(func() {
		delete(f.streams, s)
		f.streamEnded(w, s.Incarnation)
	})
}

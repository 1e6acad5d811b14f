package fleet

import (
	"fmt"
	"os"
	"strings"

	"percore/reaper/output"
)

// outputs is where the workers' processes write to: their streams, and what is logged of them when they end.
type outputs struct {
	*base
	budget  *budget
	sinks   *output.Sinks
	streams map[*output.Stream]*worker // that are still read, with whose they are
	null    *os.File                   // the workers' stdin; nil is none
}

func newOutputs(b *base, left *budget) *outputs {
	return &outputs{
		base: b, budget: left, streams: make(map[*output.Stream]*worker),
		sinks: output.NewSinks(b.options.Stdout, b.options.Stderr, b.options.Log),
	}
}

// openNull is for the moment before the first worker starts.
func (o *outputs) openNull() {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		o.log.Warn("workers have no stdin", "err", err)
	}
	o.null = null
}

// files gives the child's descriptors, and a function that is told how the spawn went.
func (o *outputs) files(w *worker) (files []*os.File, opened func(error), err error) {
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
	outlets, files, err := o.open(w)
	if err != nil {
		started(err)
		return nil, nil, err
	}
	files = append(append([]*os.File{o.null}, files...), extra...)
	return files, func(err error) {
		o.startCopying(w, outlets, err)
		started(err)
	}, nil
}

// outlet is one stream of one incarnation with the child's end of its pipe.
type outlet struct {
	stream *output.Stream
	writer *os.File
}

func closeOutlets(outlets []outlet) {
	for _, l := range outlets {
		l.stream.Close()
		l.writer.Close()
	}
}

// open gives the child's stdout and stderr.
func (o *outputs) open(w *worker) (outlets []outlet, files []*os.File, err error) {
	if w.program.Inherit {
		return nil, []*os.File{os.Stdout, w.crashText()}, nil
	}
	w.logFiles = [output.Kinds]*output.File{}
	for kind := range output.Kinds {
		if kind == output.Stderr && w.program.RedirectStderr {
			files = append(files, files[0])
			break
		}
		to := o.sinkOf(w, kind)
		from := output.Origin{
			Process: w.title, Name: w.name, Incarnation: w.incarnation, Kind: kind, Framing: w.program.Framing,
		}
		stream, writer, err := output.Open(from, &w.tail, to)
		if err != nil {
			closeOutlets(outlets)
			return nil, nil, err
		}
		w.logFiles[kind] = to.File()
		outlets, files = append(outlets, outlet{stream, writer}), append(files, writer)
	}
	return outlets, files, nil
}

// crashText gives the stderr of an incarnation that has another way to its log: a file in memory, into which only
// Go's runtime writes. Where there is none to be had it is percore's own stderr.
func (w *worker) crashText() *os.File {
	w.forgetCrash()
	file, err := output.OpenCrashFile()
	if err != nil {
		return os.Stderr
	}
	w.crash = file
	return file
}

// sinkOf is where a stream of a worker goes.
func (o *outputs) sinkOf(w *worker, kind output.Kind) *output.Sink {
	spec := w.program.logFile(kind)
	spec.Path = w.tokens().Replace(spec.Path)
	return o.sinks.To(spec, kind, w.program.Credential)
}

// startCopying gives the writers up, so that the child's end is the end of the stream.
func (o *outputs) startCopying(w *worker, outlets []outlet, spawnError error) {
	if spawnError != nil {
		closeOutlets(outlets)
		return
	}
	for _, l := range outlets {
		l.writer.Close()
		o.streams[l.stream] = w
		go o.copy(w, l.stream)
	}
}

func (o *outputs) copy(w *worker, s *output.Stream) {
	s.Copy()
	o.mail.post(func() {
		delete(o.streams, s)
		o.streamEnded(w, s.Incarnation)
	})
}

// noteCrashTail has the last lines of a worker logged that ended without being asked to, when its pipes have been
// read to their end, or a moment later. Where they are in percore's own output anyway, nothing is said twice.
func (o *outputs) noteCrashTail(w *worker, reason string) {
	own := o.sinks.Own
	if o.sinkOf(w, output.Stdout) == own(output.Stdout) && o.sinkOf(w, output.Stderr) == own(output.Stderr) {
		return
	}
	tail := &crashTail{incarnation: w.incarnation, reason: reason}
	w.crashTail = tail
	o.clock.Allow(flushMax, func() { o.logCrashTail(w, tail) })
	o.streamEnded(w, tail.incarnation)
}

// streamEnded is for the end of a stream, and for an end of a worker whose streams have all ended before.
func (o *outputs) streamEnded(w *worker, incarnation uint64) {
	for s, of := range o.streams {
		if of == w && s.Incarnation == incarnation {
			return
		}
	}
	if w.crashTail != nil && w.crashTail.incarnation == incarnation {
		o.logCrashTail(w, w.crashTail)
	}
}

// logCrashTail says it once; and not when the fleet ends by it, which is told in the same way.
func (o *outputs) logCrashTail(w *worker, tail *crashTail) {
	if w.crashTail != tail {
		return
	}
	w.crashTail = nil
	if lines := w.tail.LinesOf(tail.incarnation, output.Stdout, output.Stderr); len(lines) > 0 && o.budget.goesOn() {
		o.logLines(w, tail.reason, lines)
	}
}

// logCrashText tells the first lines of what the runtime of an incarnation that has ended wrote.
func (o *outputs) logCrashText(w *worker, reason string) {
	if w.crash == nil {
		return
	}
	defer w.forgetCrash()
	if lines := output.CrashLines(w.crash); len(lines) > 0 {
		o.logLines(w, reason, lines)
	}
}

func (o *outputs) logLines(w *worker, reason string, lines []string) {
	o.log.Info("last lines of a worker", "process", w.title, "reason", reason, "last_lines", strings.Join(lines, "\n"))
}

// close ends what copies output. What is stuck in a write to percore's own stdout ends with the process.
func (o *outputs) close() {
	for s := range o.streams {
		s.Close()
	}
	if lost := o.sinks.Dropped(); lost > 0 {
		o.log.Warn("worker output was dropped", "bytes", lost)
	}
	if o.null != nil {
		o.null.Close()
	}
}

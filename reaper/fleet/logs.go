package fleet

import (
	"errors"
	"fmt"

	"percore/reaper/output"
)

// Dropped counts the bytes of output that percore's own stdout and stderr, and the log files, did not take.
func (f *Fleet) Dropped() uint64 { return f.outputs.sinks.Dropped() }

// OpenLogs opens the log files of all workers, and so finds out before the start which of them cannot be. It is called
// before Run, if at all.
func (f *Fleet) OpenLogs() error {
	for _, w := range f.roster.workers {
		for kind := range output.Kinds {
			file := f.outputs.sinkOf(w, kind).File()
			if file == nil {
				continue
			}
			w.logFiles[kind] = file
			if err := file.Reopen(); err != nil {
				return fmt.Errorf("%s of %s: %w", kind, w.title, err)
			}
		}
	}
	return nil
}

// Tail reads the end of a worker's output: its log file where that is where the stream goes, or else what is kept in
// memory, the last 8 KiB of each stream over all incarnations. process is GROUP:NAME-PORT as in Status, stream is
// "stdout" or "stderr". It gives at most bytesMax bytes from position from on (below 0: so many bytes before the
// end), the position that the next call goes on from, and wake, which is closed when there is more. ok is false when
// there is no such worker or stream. It is safe from any goroutine, and keeps no writer waiting.
func (f *Fleet) Tail(
	process, stream string, from int64, bytesMax int,
) (data []byte, next int64, wake <-chan struct{}, ok bool) {
	kind := output.Stdout
	if stream == output.Stderr.String() {
		kind = output.Stderr
	}
	o := f.overview.Load()
	at := o.find(process)
	if at < 0 || stream != kind.String() {
		return nil, 0, nil, false
	}
	if file := o.logFiles[at][kind]; file != nil {
		if data, next, wake, ok = file.Read(from, bytesMax); ok {
			return data, next, wake, true
		}
	}
	data, next, wake = o.tails[at].Read(kind, from, bytesMax)
	return data, next, wake, true
}

// LogPath is the file that a stream of a worker goes to; empty is none. It is safe from any goroutine.
func (f *Fleet) LogPath(process, stream string) string {
	o := f.overview.Load()
	at := o.find(process)
	if at < 0 {
		return ""
	}
	for kind, file := range o.logFiles[at] {
		if file != nil && output.Kind(kind).String() == stream {
			return file.Path()
		}
	}
	return ""
}

// Clear empties a worker's log files, and forgets for Tail what is kept of its output. The error, of those that
// opening and cutting a file can have, or ErrNoProcess, says why it did not. It is safe from any goroutine; it waits
// for a write under way.
func (f *Fleet) Clear(process string) error {
	o := f.overview.Load()
	at := o.find(process)
	if at < 0 {
		return ErrNoProcess
	}
	o.tails[at].Clear()
	var failures []error
	for _, file := range o.logFiles[at] {
		if file != nil {
			failures = append(failures, file.Clear())
		}
	}
	return errors.Join(failures...)
}

// LogFault is a log file that could not be opened.
type LogFault struct {
	Group, Program string // whose it is
	Stream         string // stdout or stderr
	Path           string
	Err            error
}

// OpenSockets finds out before the start whether all workers that are to listen on a unix socket can have one. It is
// called before Run, if at all.
func (f *Fleet) OpenSockets() error {
	for _, w := range f.roster.workers {
		if err := f.roster.assignSocket(w); err != nil {
			return fmt.Errorf("place socket of %s: %w", w.title, err)
		}
	}
	return nil
}

// TryLogs finds what OpenLogs would fail of, and makes no file.
func (f *Fleet) TryLogs() []LogFault {
	var list []LogFault
	tried := map[string]bool{}
	for _, w := range f.roster.workers {
		for kind := range output.Kinds {
			file := f.outputs.sinkOf(w, kind).File()
			if file == nil || tried[file.Path()] {
				continue
			}
			tried[file.Path()] = true
			if err := file.Try(); err != nil {
				list = append(list, LogFault{w.program.Group, w.program.Name, kind.String(), file.Path(), err})
			}
		}
	}
	return list
}

package fleet

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// read gives at most bytesMax bytes of the file itself from an offset on, the offset after them, and a channel that is closed
// when there may be more; an offset below 0 counts from the end. A file that has become shorter was rotated or emptied, and is
// read from its beginning. ok is false where the path is none of a regular file.
func (l *logFile) read(from int64, bytesMax int) (data []byte, next int64, wake <-chan struct{}, ok bool) {
	wake = l.woken() // before the file is looked at, so that nothing is missed
	file, err := os.OpenFile(l.spec.Path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, 0, nil, false
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return nil, 0, nil, false
	}
	size := info.Size()
	switch {
	case from < 0:
		from = max(0, size+from)
	case from > size:
		from = 0
	}
	data = make([]byte, min(int64(bytesMax), size-from))
	n, err := file.ReadAt(data, from)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, from, wake, true
	}
	return data[:n], from + int64(n), wake, true
}

// woken is closed at the next change of the file.
func (l *logFile) woken() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.wake == nil {
		l.wake = make(chan struct{})
	}
	return l.wake
}

// stir wakes whoever follows; l.mu is held.
func (l *logFile) stir() {
	if l.wake != nil {
		close(l.wake)
		l.wake = nil
	}
}

// clear empties the file, and makes it anew where it has been removed.
func (l *logFile) clear() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.open(); err != nil || !l.regular {
		return err
	}
	defer l.stir()
	l.size = 0
	return l.file.Truncate(0)
}

// Tail reads the end of a worker's output: its log file where that is where the stream goes, or else what is kept in memory,
// the last 8 KiB of each stream over all incarnations. process is GROUP:NAME-PORT as in Status, stream is "stdout" or
// "stderr". It gives at most bytesMax bytes from position from on (below 0: so many bytes before the end), the position that the
// next call goes on from, and wake, which is closed when there is more. ok is false when there is no such worker or stream. It
// is safe from any goroutine, and keeps no writer waiting.
func (f *Fleet) Tail(process, stream string, from int64, bytesMax int) (data []byte, next int64, wake <-chan struct{}, ok bool) {
	kind := stdout
	if stream == stderr.String() {
		kind = stderr
	}
	o := f.overview.Load()
	at := o.find(process)
	if at < 0 || stream != kind.String() {
		return nil, 0, nil, false
	}
	if file := o.logFiles[at][kind]; file != nil {
		if data, next, wake, ok = file.read(from, bytesMax); ok {
			return data, next, wake, true
		}
	}
	data, next, wake = o.tails[at].read(kind, from, bytesMax)
	return data, next, wake, true
}

// Clear empties a worker's log files, and forgets for Tail what is kept of its output. The error, of those that opening and
// cutting a file can have, or ErrNoProcess, says why it did not. It is safe from any goroutine; it waits for a write under way.
func (f *Fleet) Clear(process string) error {
	o := f.overview.Load()
	at := o.find(process)
	if at < 0 {
		return ErrNoProcess
	}
	o.tails[at].clear()
	var failures []error
	for _, file := range o.logFiles[at] {
		if file != nil {
			failures = append(failures, file.clear())
		}
	}
	return errors.Join(failures...)
}

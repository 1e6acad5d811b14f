package output

import (
	"errors"
	"io"
	"os"

	"percore/reaper/names"
)

// Read gives at most bytesMax bytes from a position on, the position after them, and a channel that is closed when
// there may be more. A position counts from the first byte ever; below 0 it counts from the end. What is no longer in
// the file is read from the newest that was rotated, and what is not in that either is left out. ok is false where
// the path is none of a regular file.
func (l *File) Read(from int64, bytesMax int) (data []byte, next int64, wake <-chan struct{}, ok bool) {
	part, err := l.find(from)
	if err != nil {
		return nil, 0, nil, false
	}
	defer part.file.Close()
	data = make([]byte, min(int64(bytesMax), part.size-part.offset))
	n, err := part.file.ReadAt(data, part.offset)
	return data[:n], part.next(n, err), part.wake, true
}

// logPart is the file that has a position.
type logPart struct {
	file    *os.File
	begin   int64 // position of its first byte
	size    int64
	offset  int64 // of the position
	rotated bool  // there is more in the file itself
	wake    <-chan struct{}
}

// next is the position after a read of n bytes. What cannot be read is tried again at the next change, which a
// rotated file has none of.
func (p *logPart) next(n int, err error) int64 {
	if p.rotated && err != nil && !errors.Is(err, io.EOF) {
		return p.begin + p.size
	}
	return p.begin + p.offset + int64(n)
}

var errNotRegular = errors.New("not a regular file")

// find opens the file that has a position, without a rotation in between. A file that has become shorter was emptied
// by another program, and is read from its beginning.
func (l *File) find(from int64) (part logPart, err error) {
	if l.special.Load() {
		return logPart{}, errNotRegular // and a write that waits for a reader may have the lock
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if old := l.base - l.rotated; from >= 0 && from < l.base && l.rotated > 0 {
		if part, err = l.openPart(l.backup(1)); err == nil && part.size == l.rotated {
			part.begin, part.offset, part.rotated, part.wake = old, max(0, from-old), true, closed()
			return part, nil
		} else if err == nil {
			part.file.Close()
		}
	}
	if part, err = l.openPart(l.spec.Path); err != nil {
		return logPart{}, err
	}
	part.begin, part.wake = l.base, l.wokenLocked()
	switch {
	case from < 0:
		part.offset = max(0, part.size+from)
	case from > l.base && from <= l.base+part.size:
		part.offset = from - l.base
	}
	return part, nil
}

func (l *File) openPart(path string) (logPart, error) {
	file, err := names.Open(path, os.O_RDONLY, 0, l.owner)
	if err != nil {
		return logPart{}, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errNotRegular
	}
	if err != nil {
		file.Close()
		return logPart{}, err
	}
	return logPart{file: file, size: info.Size()}, nil
}

func closed() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}

// Clear empties the file, and makes it anew where it has been removed.
func (l *File) Clear() error {
	l.interrupt()
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.open(); err != nil || !l.regular {
		return err
	}
	defer l.stir()
	return l.empty()
}

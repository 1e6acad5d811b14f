package output

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"percore/reaper"
	"percore/reaper/names"
)

// LogFile is where a stream goes instead of percore's own, with supervisord's meaning of size and number.
type LogFile struct {
	// Path of the file. Several workers may share one.
	// /dev/stdout, /dev/stderr and their other names are percore's own; empty is the stream's own; None is nowhere.
	Path     string
	BytesMax int64 // a file that has this size is renamed to Path.1, and so on; 0 is no limit
	Backups  int   // how many of those are kept; with 0 the file is emptied instead
}

// None is the Path of a stream that is thrown away.
const None = "NONE"

const (
	logFileMode = 0o644
	// reopenPause is how soon after a failure a log file is opened again; every line is an occasion.
	reopenPause = time.Second
	reopenFlags = os.O_WRONLY | os.O_APPEND
)

// File is an open log file, which rotates. Write fails when it has to, never for good: the next one tries again.
type File struct {
	spec  LogFile            // with the path that counts
	owner *reaper.Credential // as whom names are used, and of the files that are made; nil is percore itself
	log   *slog.Logger

	current atomic.Pointer[os.File] // where a write may be under way, which interrupt can put an end to
	special atomic.Bool             // it is no regular file, and so has nothing to be read

	mu      sync.Mutex  // guards the rest: workers share the file, and it is reopened from outside
	file    *os.File    // nil while it cannot be opened
	opened  os.FileInfo // the file that has the positions from base on; nil is whichever comes
	size    int64
	base    int64 // what was written to the files before this one: positions count from the first byte ever
	rotated int64 // size of the newest of those; 0 when it is not there to be read
	regular bool  // and so can be rotated
	torn    bool  // the last write was cut inside a line
	broken  error
	retry   time.Time
	said    bool          // that it does not rotate
	wake    chan struct{} // closed at the next change; nil when nothing waits
}

// Path is where it is.
func (l *File) Path() string { return l.spec.Path }

// Write appends p, whole lines but for a reason, and rotates after it.
func (l *File) Write(p []byte) (written int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.ready(); err != nil {
		return 0, err
	}
	defer l.stir()
	if l.torn {
		if _, err := l.file.Write([]byte{'\n'}); err != nil {
			return 0, err
		}
		l.size++
	}
	written, err = l.file.Write(p)
	l.torn = err != nil && (l.torn || written > 0)
	l.size += int64(written)
	if l.isFull() && (p[len(p)-1] == '\n' || l.size >= l.spec.BytesMax+lineBytesMax) {
		l.rotate()
	}
	return written, err
}

// ready opens the file if it is not open, but not at once after it could not be.
func (l *File) ready() error {
	switch {
	case l.file != nil:
		return nil
	case l.broken != nil && time.Now().Before(l.retry):
		return l.broken
	default:
		return l.open()
	}
}

// Reopen opens the path anew, where another program may have moved the file away from. If that fails, it is tried
// again.
func (l *File) Reopen() error {
	l.interrupt()
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open()
}

// interrupt ends a write that waits for the reader of a FIFO. Regular files have no such wait, and no deadline.
func (l *File) interrupt() {
	if file := l.current.Load(); file != nil {
		_ = file.SetWriteDeadline(time.Now())
	}
}

// open does not follow a symbolic link to where nothing is yet, and gives away no file but what it has made: the
// directory may be a worker's, which must not choose what root makes or owns. Package names sees to all other tricks.
func (l *File) open() error {
	old := l.file
	defer old.Close() // not before, or a new file could get its number; for nil this does nothing
	l.file = nil
	l.current.Store(nil)
	file, err := names.Open(l.spec.Path, reopenFlags|os.O_CREATE|os.O_EXCL, logFileMode, l.owner)
	switch {
	case err == nil:
		l.adopt(file)
	case errors.Is(err, fs.ErrExist):
		file, err = names.Open(l.spec.Path, reopenFlags, 0, l.owner)
	}
	if err != nil {
		l.broken, l.retry = err, time.Now().Add(reopenPause)
		return err
	}
	info, err := file.Stat()
	if err == nil && l.opened != nil && !os.SameFile(l.opened, info) { // another program has moved the old one away
		if was, err := old.Stat(); err == nil {
			l.size = max(l.size, was.Size())
		}
		l.leave(0)
	}
	l.file, l.opened, l.broken, l.torn = file, info, nil, false
	l.measure()
	l.current.Store(file)
	l.special.Store(!l.regular)
	return nil
}

// adopt gives a new file to the worker's user, with a mode that no umask has changed. What is refused is left as it
// is: the worker writes by way of percore.
func (l *File) adopt(file *os.File) {
	_ = file.Chmod(logFileMode)
	if l.owner != nil {
		_ = file.Chown(int(l.owner.UID), int(l.owner.GID))
	}
}

// measure asks for the file's size: another program may have cut it.
func (l *File) measure() {
	l.size, l.regular = 0, false
	if info, err := l.file.Stat(); err == nil && info.Mode().IsRegular() {
		l.size, l.regular = info.Size(), true
	}
}

// wokenLocked is closed at the next change of the file; l.mu is held.
func (l *File) wokenLocked() <-chan struct{} {
	if l.wake == nil {
		l.wake = make(chan struct{})
	}
	return l.wake
}

// stir wakes those that follow; l.mu is held.
func (l *File) stir() {
	if l.wake != nil {
		close(l.wake)
		l.wake = nil
	}
}

package output

import (
	"errors"
	"io/fs"
	"strconv"

	"percore/reaper/names"
)

// isFull reports whether it is time to rotate.
func (l *File) isFull() bool {
	if !l.regular || l.spec.BytesMax <= 0 || l.size < l.spec.BytesMax {
		return false
	}
	l.measure()
	return l.size >= l.spec.BytesMax
}

// rotate begins the file anew, as supervisord does: path.1 is the newest of those that were, and the oldest goes.
// What cannot be rotated grows on, until it is full once more.
func (l *File) rotate() {
	err := l.shift()
	if err == nil && l.spec.Backups > 0 {
		l.leave(l.size)
		l.opened = nil // what comes is another file, and is known to be
		err = l.open()
	}
	if err != nil && !l.said {
		l.said = true
		l.log.Warn("log file is not rotated", "file", l.spec.Path, "err", err)
	}
	if err != nil {
		l.size = 0
	}
}

// leave is for the moment before the file is begun anew; rotated is what can be read of it after that.
func (l *File) leave(rotated int64) { l.base, l.rotated = l.base+l.size, rotated }

// shift moves every file one number up, the last one out of existence.
func (l *File) shift() error {
	if l.spec.Backups <= 0 {
		return l.empty()
	}
	for n := l.spec.Backups - 1; n >= 0; n-- {
		err := names.Rename(l.backup(n), l.backup(n+1), l.owner)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// empty cuts the file down to nothing, which its followers go on from.
func (l *File) empty() error {
	if err := l.file.Truncate(0); err != nil {
		return err
	}
	l.leave(0)
	l.size = 0
	return nil
}

// backup is the name of the file that n others are newer than.
func (l *File) backup(n int) string {
	if n == 0 {
		return l.spec.Path
	}
	return l.spec.Path + "." + strconv.Itoa(n)
}

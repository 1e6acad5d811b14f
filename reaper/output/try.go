package output

import (
	"errors"
	"io/fs"
	"path/filepath"

	"golang.org/x/sys/unix"

	"percore/reaper"
	"percore/reaper/names"
)

// Try opens the file if it is there, and otherwise asks whether it could be made.
func (l *File) Try() error {
	file, err := names.Open(l.spec.Path, reopenFlags, 0, l.owner)
	if err == nil {
		return file.Close()
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	folder := filepath.Dir(l.spec.Path)
	writable := func() error { return unix.Faccessat(unix.AT_FDCWD, folder, unix.W_OK|unix.X_OK, unix.AT_EACCESS) }
	if err = writable(); err != nil && l.owner != nil {
		err = reaper.AsUser(l.owner, writable)
	}
	if err != nil {
		return &fs.PathError{Op: "write to folder", Path: folder, Err: err}
	}
	return nil
}

package fleet

import (
	"errors"
	"io/fs"
	"path/filepath"

	"golang.org/x/sys/unix"

	"percore/reaper"
	"percore/reaper/names"
)

// LogFault is a log file that could not be opened.
type LogFault struct {
	Group, Program string // whose it is
	Stream         string // stdout or stderr
	Path           string
	Err            error
}

// TryLogs finds what OpenLogs would fail of, and makes no file.
func (f *Fleet) TryLogs() []LogFault {
	var list []LogFault
	tried := map[string]bool{}
	for _, w := range f.workers {
		for kind := range streamKinds {
			file := f.sinkOf(w, kind).file()
			if file == nil || tried[file.spec.Path] {
				continue
			}
			tried[file.spec.Path] = true
			if err := file.try(); err != nil {
				list = append(list, LogFault{w.program.Group, w.program.Name, kind.String(), file.spec.Path, err})
			}
		}
	}
	return list
}

// try opens the file if it is there, and otherwise asks whether it could be made.
func (l *logFile) try() error {
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

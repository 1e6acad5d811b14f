package fleet

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"percore/reaper"
)

// logs are all the places that output goes to. They stay open as long as the process lives, so that nobody has to wait for a
// write that is under way.
type logs struct {
	own     [streamKinds]*sink // percore's stdout and stderr
	files   map[string]*sink   // by path; the fleet's goroutine's
	dropped atomic.Uint64      // bytes, everywhere
	log     *slog.Logger
}

func newLogs(toStdout, toStderr io.Writer, log *slog.Logger) *logs {
	l := &logs{files: make(map[string]*sink), log: log}
	l.own[stdout] = &sink{name: "stdout", writer: toStdout, log: log, total: &l.dropped}
	l.own[stderr] = &sink{name: "stderr", writer: toStderr, log: log, total: &l.dropped}
	return l
}

// Dropped counts the bytes of output that percore's own stdout and stderr, and the log files, did not take.
func (f *Fleet) Dropped() uint64 { return f.logs.dropped.Load() }

// OpenLogs opens the log files of all workers, and so finds out before the start which of them cannot be. It is called
// before Run, if at all.
func (f *Fleet) OpenLogs() error {
	for _, w := range f.workers {
		for kind := range streamKinds {
			file := f.sinkOf(w, kind).file()
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

// ReopenLogs opens every log file anew, for logrotate and its like. It is safe from any goroutine and does not wait.
func (f *Fleet) ReopenLogs() {
	f.mail.post(f.logs.reopen)
}

// sinkOf is where a stream of a worker goes.
func (f *Fleet) sinkOf(w *worker, kind streamKind) *sink {
	spec := w.program.logFile(kind)
	spec.Path = w.tokens().Replace(spec.Path)
	return f.logs.sink(spec, kind, w.program.Credential)
}

// sink is where a stream goes that is to go to spec; owner is whose names and files are used, nil is percore itself.
func (l *logs) sink(spec LogFile, kind streamKind, owner *reaper.Credential) *sink {
	switch own, is := ownStream(linkTarget(spec.Path), kind); {
	case is:
		return l.own[own]
	case spec.Path == LogNone || spec.Path == "/dev/null":
		return &sink{name: LogNone}
	}
	path := filepath.Clean(spec.Path)
	if l.files[path] == nil {
		l.files[path] = &sink{
			name: path, log: l.log, total: &l.dropped, writer: &logFile{spec: spec, owner: owner, log: l.log},
		}
	}
	return l.files[path]
}

// reopen opens every log file anew, and does not wait for it.
func (l *logs) reopen() {
	for _, s := range l.files {
		go s.reopen()
	}
}

// linkTarget is what a link at path says, or path itself where there is none: images have links from a log to /dev/stdout. It
// is only compared, so it does not matter who made the link.
func linkTarget(path string) string {
	target, err := os.Readlink(path)
	switch {
	case err != nil || strings.HasPrefix(path, "/dev/") || strings.HasPrefix(path, "/proc/"):
		return path // /dev/stdout is a link itself
	case filepath.IsAbs(target):
		return filepath.Clean(target)
	}
	return filepath.Join(filepath.Dir(path), target)
}

func (p *Program) logFile(kind streamKind) LogFile {
	if kind == stderr && !p.RedirectStderr {
		return p.Stderr
	}
	return p.Stdout
}

// ownStream knows the names of percore's own stdout and stderr. To open those would not do: stdout may be a socket, or its
// file not be percore's to open (man 5 proc).
func ownStream(path string, kind streamKind) (own streamKind, is bool) {
	switch path {
	case "":
		return kind, true
	case "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "/proc/1/fd/1":
		return stdout, true
	case "/dev/stderr", "/dev/fd/2", "/proc/self/fd/2", "/proc/1/fd/2":
		return stderr, true
	default:
		return 0, false
	}
}

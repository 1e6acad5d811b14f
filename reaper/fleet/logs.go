package fleet

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
)

// logs are all the places that output goes to. They stay open as long as the process lives, so that nobody has to wait for a
// write that is under way.
type logs struct {
	own     [streamKinds]*sink // percore's stdout and stderr
	files   map[string]*sink   // by path; the fleet's goroutine's
	dropped atomic.Uint64      // bytes, everywhere
}

func newLogs(o Options) *logs {
	l := &logs{files: make(map[string]*sink)}
	l.own[stdout] = &sink{name: "stdout", writer: o.Stdout, log: o.Log, total: &l.dropped}
	l.own[stderr] = &sink{name: "stderr", writer: o.Stderr, log: o.Log, total: &l.dropped}
	return l
}

// Dropped counts the bytes of output that percore's own stdout and stderr, and the log files, did not take.
func (f *Fleet) Dropped() uint64 { return f.logs.dropped.Load() }

// OpenLogs opens the log files of all workers, and so finds out before the start which of them cannot be. It is called
// before Run, if at all.
func (f *Fleet) OpenLogs() error {
	for _, w := range f.workers {
		for kind := range streamKinds {
			file, ok := f.sinkOf(w, kind).writer.(*logFile)
			if !ok {
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
	f.mail.post(func() {
		for _, s := range f.logs.files {
			go s.reopen()
		}
	})
}

// sinkOf is where a stream of a worker goes.
func (f *Fleet) sinkOf(w *worker, kind streamKind) *sink {
	spec := w.program.logFile(kind)
	spec.Path = w.tokens().Replace(spec.Path)
	switch own, is := ownStream(linkTarget(spec.Path), kind); {
	case is:
		return f.logs.own[own]
	case spec.Path == LogNone || spec.Path == "/dev/null":
		return &sink{name: LogNone}
	}
	path := filepath.Clean(spec.Path)
	if f.logs.files[path] == nil {
		f.logs.files[path] = &sink{
			name: path, log: f.log, total: &f.logs.dropped, writer: &logFile{spec: spec, owner: w.program.Credential, log: f.log},
		}
	}
	return f.logs.files[path]
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

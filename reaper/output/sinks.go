package output

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"percore/reaper"
)

// Sinks are all the places that output goes to. They stay open as long as the process lives, so that no goroutine has
// to wait for a write that is under way. One goroutine asks for them; Dropped excepted.
type Sinks struct {
	own     [Kinds]*Sink     // percore's stdout and stderr
	files   map[string]*Sink // by path
	dropped atomic.Uint64    // bytes, everywhere
	log     *slog.Logger
}

// NewSinks takes percore's own stdout and stderr; nil throws away what goes there.
func NewSinks(toStdout, toStderr io.Writer, log *slog.Logger) *Sinks {
	l := &Sinks{files: make(map[string]*Sink), log: log}
	l.own[Stdout] = &Sink{name: "stdout", writer: toStdout, log: log, total: &l.dropped}
	l.own[Stderr] = &Sink{name: "stderr", writer: toStderr, log: log, total: &l.dropped}
	return l
}

// Own is percore's own stdout or stderr.
func (l *Sinks) Own(kind Kind) *Sink { return l.own[kind] }

// Dropped counts the bytes that all of them together did not take. It is safe from any goroutine.
func (l *Sinks) Dropped() uint64 { return l.dropped.Load() }

// To is where a stream goes that is to go to spec. owner is as whom its path is used and whose the file is; nil is
// percore itself.
func (l *Sinks) To(spec LogFile, kind Kind, owner *reaper.Credential) *Sink {
	switch own, is := ownStream(linkTarget(spec.Path), kind); {
	case is:
		return l.own[own]
	case spec.Path == None || spec.Path == "/dev/null":
		return &Sink{name: None}
	}
	path := filepath.Clean(spec.Path)
	if l.files[path] == nil {
		l.files[path] = &Sink{
			name: path, log: l.log, total: &l.dropped, writer: &File{spec: spec, owner: owner, log: l.log},
		}
	}
	return l.files[path]
}

// Reopen opens every log file anew, and does not wait for it.
func (l *Sinks) Reopen() {
	for _, s := range l.files {
		go s.reopen()
	}
}

// linkTarget is what a link at path says, or path itself where there is none: images have links from a log to
// /dev/stdout. It is only compared, so it does not matter who made the link.
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

// ownStream knows the names of percore's own stdout and stderr. To open those would not do: stdout may be a socket,
// or its file not be percore's to open (man 5 proc).
func ownStream(path string, kind Kind) (own Kind, is bool) {
	switch path {
	case "":
		return kind, true
	case "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "/proc/1/fd/1":
		return Stdout, true
	case "/dev/stderr", "/dev/fd/2", "/proc/self/fd/2", "/proc/1/fd/2":
		return Stderr, true
	default:
		return 0, false
	}
}

package output

import (
	"bytes"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"percore/reaper"
)

// sinks are those of a percore whose stdout and stderr are buffers.
func sinks(t *testing.T) (l *Sinks, stdout, stderr, log *bytes.Buffer) {
	t.Helper()
	stdout, stderr, log = new(bytes.Buffer), new(bytes.Buffer), new(bytes.Buffer)
	return NewSinks(stdout, stderr, slog.New(slog.NewTextHandler(log, nil))), stdout, stderr, log
}

func TestAStreamGoesWhereItsPathSays(t *testing.T) {
	dir := t.TempDir()
	toStdout, toFile, relative := filepath.Join(dir, "access.log"), filepath.Join(dir, "link.log"), filepath.Join(dir, "relative.log")
	if err := errors.Join(os.Symlink("/dev/stdout", toStdout), os.Symlink(filepath.Join(dir, "file.log"), toFile), os.Symlink("../stderr", relative)); err != nil {
		t.Fatal(err)
	}
	l, _, _, _ := sinks(t)
	for name, c := range map[string]struct {
		path string
		kind Kind
		want string // stdout, stderr, NONE or a file's path
	}{
		"nothing said, stdout":       {"", Stdout, "stdout"},
		"nothing said, stderr":       {"", Stderr, "stderr"},
		"the other stream":           {"/dev/stderr", Stdout, "stderr"},
		"a number":                   {"/dev/fd/1", Stderr, "stdout"},
		"percore's own by /proc":     {"/proc/self/fd/2", Stdout, "stderr"},
		"PID 1's by /proc":           {"/proc/1/fd/1", Stderr, "stdout"},
		"a link that an image has":   {toStdout, Stderr, "stdout"},
		"a link to a file":           {toFile, Stdout, toFile},
		"a relative link to nowhere": {relative, Stdout, relative},
		"nowhere":                    {None, Stdout, None},
		"nowhere, by its name":       {"/dev/null", Stderr, None},
		"a file":                     {filepath.Join(dir, "a", "..", "b.log"), Stdout, filepath.Join(dir, "b.log")},
	} {
		sink := l.To(LogFile{Path: c.path}, c.kind, nil)
		if sink.name != c.want {
			t.Errorf("%s: got %s, want %s", name, sink.name, c.want)
		}
		if isFile := filepath.IsAbs(c.want); (sink.File() != nil) != isFile || isFile && sink.File().Path() != c.path {
			t.Errorf("%s: got file %v, want one: %v", name, sink.File(), isFile)
		}
	}
	if l.Own(Stdout) != l.To(LogFile{}, Stdout, nil) || l.Own(Stdout) == l.Own(Stderr) {
		t.Error("percore's own: got another sink for the same place, or the same for both")
	}
}

func TestWorkersThatShareAPathShareTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	l, _, _, _ := sinks(t)
	first, second := l.To(LogFile{Path: path}, Stdout, nil), l.To(LogFile{Path: path}, Stderr, &reaper.Credential{UID: 1000})
	if first != second {
		t.Error("got two sinks for one path, want one")
	}
	if other := l.To(LogFile{Path: path + ".2"}, Stdout, nil); other == first {
		t.Error("got one sink for two paths")
	}
}

func TestWhatGoesNowhereIsNotCounted(t *testing.T) {
	l, stdout, stderr, log := sinks(t)
	l.To(LogFile{Path: None}, Stdout, nil).write(nil, []byte("lost on purpose\n"))
	NewSinks(nil, nil, slog.New(slog.DiscardHandler)).Own(Stdout).write(nil, []byte("percore has no stdout\n"))
	if got := stdout.String() + stderr.String() + log.String(); got != "" || l.Dropped() != 0 {
		t.Errorf("got %q and %d bytes dropped, want nothing", got, l.Dropped())
	}
}

func TestDroppedBytesAreCountedOverAllPlaces(t *testing.T) {
	dir := t.TempDir()
	log := new(bytes.Buffer)
	l := NewSinks(brokenWriter{}, nil, slog.New(slog.NewTextHandler(log, nil)))
	l.Own(Stdout).write(nil, []byte("1234\n"))                                            // which takes one byte
	l.To(LogFile{Path: dir}, Stdout, nil).write(nil, []byte("a folder is no log file\n")) // which takes none
	if got := l.Dropped(); got != 4+24 {
		t.Errorf("got %d bytes, want 28", got)
	}
	for _, place := range []string{"to=stdout", "to=" + dir} {
		if got := strings.Count(log.String(), place); got != 1 {
			t.Errorf("%s: got %d warnings, want 1\n%s", place, got, log)
		}
	}
}

func TestAllLogFilesAreReopened(t *testing.T) {
	dir := t.TempDir()
	l, _, _, _ := sinks(t)
	paths := []string{filepath.Join(dir, "a"), filepath.Join(dir, "b")}
	for _, path := range paths {
		l.To(LogFile{Path: path}, Stdout, nil).write(nil, []byte("before\n"))
		if err := os.Rename(path, path+".old"); err != nil { // as logrotate does
			t.Fatal(err)
		}
	}
	l.Reopen()
	for _, path := range paths {
		waitFor(t, path+" is there again", func() bool { _, err := os.Stat(path); return err == nil })
	}
}

func TestALogFileIsTriedWithoutBeingMade(t *testing.T) {
	dir := t.TempDir()
	there, closed := filepath.Join(dir, "there"), filepath.Join(dir, "closed")
	if err := errors.Join(os.WriteFile(there, []byte("old\n"), 0o600), os.Mkdir(closed, 0o500)); err != nil {
		t.Fatal(err)
	}
	user := &reaper.Credential{UID: 65533, GID: 65533}
	for name, c := range map[string]struct {
		path  string
		owner *reaper.Credential
		want  error
	}{
		"one that is there":      {there, nil, nil},
		"one that could be made": {filepath.Join(dir, "new"), nil, nil},
		"in no folder":           {filepath.Join(dir, "no", "new"), nil, fs.ErrNotExist},
		"a folder":               {dir, nil, errIsFolder},
		"where its user may not": {filepath.Join(closed, "new"), user, nil}, // root may
	} {
		file := &File{spec: LogFile{Path: c.path}, owner: c.owner}
		if err := file.Try(); !errors.Is(err, c.want) && (c.want != errIsFolder || err == nil) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	if list, _ := os.ReadDir(dir); len(list) != 2 {
		t.Errorf("got %v, want nothing made", list)
	}
}

// errIsFolder stands for whatever the kernel says of one.
var errIsFolder = errors.New("a folder")

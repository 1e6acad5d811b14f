package output

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"percore/internal/trial"
	"percore/reaper"
)

func newLogFile(path string, bytesMax int64, backups int) *File {
	return &File{spec: LogFile{Path: path, BytesMax: bytesMax, Backups: backups}, log: slog.New(slog.DiscardHandler)}
}

// filesIn lists a directory as "name=content" with line ends shown as |.
func filesIn(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, e.Name()+"="+strings.ReplaceAll(string(content), "\n", "|"))
	}
	return strings.Join(list, " ")
}

func TestALogFileRotatesAsSupervisords(t *testing.T) {
	tests := []struct {
		name     string
		bytesMax int64
		backups  int
		writes   []string
		want     string
	}{
		{"below the size nothing happens", 10, 2, []string{"a\n", "b\n"}, "log=a|b|"},
		{"at the size the file becomes number 1", 4, 2, []string{"a\n", "b\n"}, "log= log.1=a|b|"},
		{"number 1 is the newest", 2, 3, []string{"a\n", "b\n", "c\n"}, "log= log.1=c| log.2=b| log.3=a|"},
		{"the oldest goes", 2, 2, []string{"a\n", "b\n", "c\n", "d\n"}, "log= log.1=d| log.2=c|"},
		{"one backup", 2, 1, []string{"a\n", "b\n", "c"}, "log=c log.1=b|"},
		{"without backups the file is emptied", 4, 0, []string{"a\n", "b\n", "c\n"}, "log=c|"},
		{"no size, no rotation", 0, 2, []string{strings.Repeat("a\n", 1000)}, "log=" + strings.Repeat("a|", 1000)},
		{"a line is not cut", 4, 1, []string{"abc", "def\n", "g\n"}, "log=g| log.1=abcdef|"},
		{"but not waited for without end", 4, 1, []string{strings.Repeat("x", lineBytesMax+4), "g\n"}, "log=g| log.1=" + strings.Repeat("x", lineBytesMax+4)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			file := newLogFile(filepath.Join(dir, "log"), tt.bytesMax, tt.backups)
			for _, w := range tt.writes {
				if n, err := file.Write([]byte(w)); n != len(w) || err != nil {
					t.Fatalf("Write: got %d, %v", n, err)
				}
			}
			if got := filesIn(t, dir); got != tt.want {
				t.Errorf("got %.200s, want %.200s", got, tt.want)
			}
		})
	}
}

func TestALogFileGoesOnFromWhatIsThere(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "log")
	if err := os.WriteFile(path, []byte("before\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	file := newLogFile(path, 9, 1)
	for _, w := range []string{"a\n", "b\n"} {
		if _, err := file.Write([]byte(w)); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := filesIn(t, dir), "log=b| log.1=before|a|"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestALogFileThatAnotherProgramHasCutIsNotRotatedTooEarly(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "log")
	file := newLogFile(path, 6, 1)
	for i, w := range []string{"1234\n", "a\n", "b\n"} {
		if i == 1 {
			if err := os.Truncate(path, 0); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := file.Write([]byte(w)); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := filesIn(t, dir), "log=a|b|"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestTheEndOfALineThatWasCutCounts(t *testing.T) {
	file := newLogFile(filepath.Join(t.TempDir(), "log"), 0, 0)
	_, _ = file.Write([]byte("12"))
	file.torn = true
	if n, err := file.Write([]byte("34\n")); n != 3 || err != nil || file.size != 6 {
		t.Errorf("got %d written, error %v and size %d, want 3, none and 6", n, err, file.size)
	}
}

func TestAMovedLogFileIsReopened(t *testing.T) {
	dir := t.TempDir()
	file := newLogFile(filepath.Join(dir, "log"), 0, 0)
	for i, w := range []string{"a\n", "b\n", "c\n"} {
		if i == 1 {
			if err := os.Rename(filepath.Join(dir, "log"), filepath.Join(dir, "moved")); err != nil {
				t.Fatal(err)
			}
		}
		if i == 2 {
			if err := file.Reopen(); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := file.Write([]byte(w)); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := filesIn(t, dir), "log=c| moved=a|b|"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestALogFileThatCannotBeWrittenIsSaidOnceAndTriedAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "later")
	log := new(trial.Buffer)
	logger := slog.New(slog.NewTextHandler(log, nil))
	l := NewSinks(nil, nil, logger)
	file := newLogFile(filepath.Join(dir, "log"), 0, 0)
	s := &Sink{name: file.spec.Path, writer: file, log: logger, total: &l.dropped}
	s.write(nil, []byte("lost\n"))
	s.write(nil, []byte("lost\n"))
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s.write(nil, []byte("lost\n")) // too soon to try again
	file.retry = file.retry.Add(-reopenPause)
	s.write(nil, []byte("kept\n"))
	if got := l.dropped.Load(); got != 15 {
		t.Errorf("dropped: got %d bytes, want 15", got)
	}
	if got := strings.Count(log.String(), "worker output is being dropped"); got != 1 {
		t.Errorf("warnings: got %d, want 1\n%s", got, log)
	}
	if got, want := filesIn(t, dir), "log=kept|"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestAFullDisk uses /dev/full, which takes no byte (man 4 full).
func TestAFullDiskIsNoEnd(t *testing.T) {
	file := newLogFile("/dev/full", 10, 1)
	if _, err := file.Write([]byte("0123456789\n")); err == nil {
		t.Error("Write: got no error, want ENOSPC")
	}
	if _, err := os.Stat("/dev/full.1"); err == nil {
		t.Error("got a device renamed, want it left alone")
	}
}

func TestWhatCannotBeRotatedGrows(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "log")
	if err := os.MkdirAll(path+".1/full", 0o755); err != nil { // a file cannot take a directory's place
		t.Fatal(err)
	}
	log := new(trial.Buffer)
	file := newLogFile(path, 4, 1)
	file.log = slog.New(slog.NewTextHandler(log, nil))
	for range 9 {
		if n, err := file.Write([]byte("ab\n")); n != 3 || err != nil {
			t.Fatalf("Write: got %d, %v", n, err)
		}
	}
	content, err := os.ReadFile(path)
	if err != nil || string(content) != strings.Repeat("ab\n", 9) {
		t.Errorf("got %q, %v, want all nine lines", content, err)
	}
	if got := strings.Count(log.String(), "log file is not rotated"); got != 1 {
		t.Errorf("warnings: got %d, want 1\n%s", got, log)
	}
}

func TestALogFileBelongsToTheWorkersUserIfPercoreMadeIt(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("SKIPPED: only root can give files away")
	}
	dir := t.TempDir()
	theirs := filepath.Join(dir, "theirs")
	if err := os.WriteFile(theirs, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{filepath.Join(dir, "ours"): "65534 65533 -rw-r--r--", theirs: "0 0 -rw-------"} {
		file := newLogFile(path, 0, 0)
		file.owner = &reaper.Credential{UID: 65534, GID: 65533}
		if _, err := file.Write([]byte("a\n")); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		owner := info.Sys().(*syscall.Stat_t)
		if got := fmt.Sprint(owner.Uid, owner.Gid, " ", info.Mode()); got != want {
			t.Errorf("%s: got %s, want %s", filepath.Base(path), got, want)
		}
	}
}

func TestALinkToNowhereIsNotFollowed(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink(filepath.Join(dir, "target"), filepath.Join(dir, "log")); err != nil {
		t.Fatal(err)
	}
	if _, err := newLogFile(filepath.Join(dir, "log"), 0, 0).Write([]byte("a\n")); err == nil {
		t.Error("Write: got no error, want one")
	}
	if _, err := os.Lstat(filepath.Join(dir, "target")); err == nil {
		t.Error("got a file made where a link points to, want none")
	}
}

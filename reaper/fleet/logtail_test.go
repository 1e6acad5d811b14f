package fleet

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func TestALogFileIsReadFromAnyOffset(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	file := newLogFile(path, 0, 0)
	_, _ = file.Write([]byte("0123456789"))
	for _, tt := range []struct {
		name string
		from int64
		max  int
		want string
		next int64
	}{
		{"the end", -4, 100, "6789", 10},
		{"more than there is", -1600, 100, "0123456789", 10},
		{"the first part of the end", -4, 2, "67", 8},
		{"from where the last call was", 8, 100, "89", 10},
		{"nothing new", 10, 100, "", 10},
		{"a file that has become shorter", 11, 3, "012", 3},
	} {
		data, next, wake, ok := file.read(tt.from, tt.max)
		if string(data) != tt.want || next != tt.next || wake == nil || !ok {
			t.Errorf("%s: got %q, %d and %v, want %q and %d", tt.name, data, next, ok, tt.want, tt.next)
		}
	}
	_, _, wake, _ := file.read(10, 1)
	_, _ = file.Write([]byte("more\n"))
	<-wake
	if _, _, _, ok := newLogFile(filepath.Dir(path), 0, 0).read(0, 1); ok {
		t.Error("a directory: got ok, want the memory to be read")
	}
}

func TestAClearedLogFileIsEmptyAndGoesOn(t *testing.T) {
	for _, removed := range []bool{false, true} {
		dir := t.TempDir()
		file := newLogFile(filepath.Join(dir, "log"), 8, 1)
		_, _ = file.Write([]byte("old\n"))
		if removed {
			_ = os.Remove(file.spec.Path)
		}
		_, _, wake, _ := file.read(0, 1)
		if err := file.clear(); err != nil {
			t.Fatal(err)
		}
		if wake != nil {
			<-wake
		}
		_, _ = file.Write([]byte("new\n"))
		if got := filesIn(t, dir); got != "log=new|" {
			t.Errorf("removed before %v: got %s, want only what came after, and no rotation", removed, got)
		}
	}
}

// follower reads a log file as tail -f does.
type follower struct {
	*testing.T
	file *logFile
	at   int64
}

// expect reads all that there is.
func (f *follower) expect(want string) {
	f.Helper()
	var got []byte
	for {
		data, next, wake, _ := f.file.read(f.at, 3)
		f.at, got = next, append(got, data...)
		select {
		case <-wake:
		default:
			if len(data) > 0 {
				continue
			}
			if string(got) != want {
				f.Fatalf("got %q, want %q", got, want)
			}
			return
		}
	}
}

func TestALogFileIsFollowedOverItsRotation(t *testing.T) {
	dir := t.TempDir()
	file := newLogFile(filepath.Join(dir, "log"), 8, 1)
	follow := (&follower{T: t, file: file}).expect
	write := func(text string) { _, _ = file.Write([]byte(text)) }
	write("1234\n")
	follow("1234\n")
	write("67890\n") // rotates
	write("a\n")
	follow("67890\na\n")
	write("bcdefghi\n")
	write("jklmnopq\n") // rotates twice: what was in between is gone
	follow("jklmnopq\n")
	write("r\n")
	follow("r\n")
	if err := file.clear(); err != nil {
		t.Fatal(err)
	}
	follow("")
	write("s\n")
	follow("s\n")
	if err := os.Truncate(file.spec.Path, 0); err != nil { // by somebody else
		t.Fatal(err)
	}
	follow("")
	write("t\n")
	follow("t\n")
}

func TestALogFileThatAnotherProgramHasMovedIsFollowed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	file := newLogFile(path, 0, 0)
	f := &follower{T: t, file: file}
	write := func(text string) { _, _ = file.Write([]byte(text)) }
	for _, away := range []func() error{
		func() error { return os.Rename(path, path+".old") },
		func() error { return os.Remove(path) },
	} {
		write("before\n")
		f.expect("before\n")
		if err := errors.Join(away(), file.Reopen()); err != nil {
			t.Fatal(err)
		}
		write("more than before\n")
		f.expect("more than before\n")
	}
	if err := file.Reopen(); err != nil { // for nothing
		t.Fatal(err)
	}
	f.expect("")
	write("and on\n")
	f.expect("and on\n")
}

func TestAFollowerSkipsWhatCannotBeReadOfARotatedFile(t *testing.T) {
	for _, tt := range []struct {
		name string
		part logPart
		n    int
		err  error
		want int64
	}{
		{"some of it", logPart{begin: 100, size: 10, offset: 4}, 3, nil, 107},
		{"less than there was", logPart{begin: 100, size: 10, offset: 4}, 3, io.EOF, 107},
		{"nothing of a file that is written to", logPart{begin: 100, size: 10, offset: 4}, 0, syscall.EIO, 104},
		{"nothing of one that is not", logPart{begin: 100, size: 10, offset: 4, rotated: true}, 0, syscall.EIO, 110},
	} {
		if got := tt.part.next(tt.n, tt.err); got != tt.want {
			t.Errorf("%s: got %d, want %d", tt.name, got, tt.want)
		}
	}
}

// A file that cannot be cut: nobody reads it twice for that.
func TestALogFileThatCannotBeEmptiedIsFollowedOn(t *testing.T) {
	fd, err := unix.MemfdCreate("log", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_SHRINK); err != nil {
		t.Fatal(err)
	}
	f := &follower{T: t, file: newLogFile("/proc/self/fd/"+strconv.Itoa(fd), 8, 0)}
	_, _ = f.file.Write([]byte("1234\n"))
	f.expect("1234\n")
	if err := f.file.clear(); !errors.Is(err, syscall.EPERM) {
		t.Errorf("clear: got %v, want %v", err, syscall.EPERM)
	}
	f.expect("")
	_, _ = f.file.Write([]byte("5678\n")) // too long, and cannot be rotated
	f.expect("5678\n")
	_, _ = f.file.Write([]byte("9\n"))
	f.expect("9\n")
}

// TestTailAndClearGoByTheLogFile is about a real worker that writes more than memory keeps.
func TestTailAndClearGoByTheLogFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	program := Program{
		Group: "g", Name: "p", Command: []string{"/bin/sh", "-c", "i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done; echo to stderr >&2; exec sleep 1000"},
		Ready: Ready{Kind: ReadyNone}, Stdout: LogFile{Path: path},
	}
	f := startReal(t, program, nil).fleet
	await := func(stream string, from int64, want string) (text string) {
		t.Helper()
		for {
			data, _, wake, ok := f.Tail("g:p", stream, from, 1<<20)
			if text = string(data); ok && strings.HasSuffix(text, want) {
				return text
			}
			if wake == nil {
				t.Fatalf("got %v without wake, want a tail", ok)
			}
			<-wake
		}
	}
	waitFor(t, "the worker runs", func() bool { return f.Status()[0].PID != 0 })
	if text := await("stdout", -15000, "line 1999\n"); len(text) != 15000 {
		t.Errorf("tail: got %d bytes, want 15000, of the file", len(text))
	}
	await("stderr", -100, "to stderr\n")
	if err := f.Clear("g:p"); err != nil {
		t.Fatal(err)
	}
	for _, stream := range []string{"stdout", "stderr"} {
		if data, _, _, ok := f.Tail("g:p", stream, -100, 100); len(data) != 0 || !ok {
			t.Errorf("%s after clear: got %q", stream, data)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Size() != 0 {
		t.Errorf("file after clear: got %v and error %v, want it empty", info, err)
	}
	if err := f.Clear("g:nobody"); err == nil {
		t.Error("clear of nobody: got no error")
	}
}

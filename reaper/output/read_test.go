package output

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
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
		data, next, wake, ok := file.Read(tt.from, tt.max)
		if string(data) != tt.want || next != tt.next || wake == nil || !ok {
			t.Errorf("%s: got %q, %d and %v, want %q and %d", tt.name, data, next, ok, tt.want, tt.next)
		}
	}
	_, _, wake, _ := file.Read(10, 1)
	_, _ = file.Write([]byte("more\n"))
	<-wake
	if _, _, _, ok := newLogFile(filepath.Dir(path), 0, 0).Read(0, 1); ok {
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
		_, _, wake, _ := file.Read(0, 1)
		if err := file.Clear(); err != nil {
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
	file *File
	at   int64
}

// expect reads all that there is.
func (f *follower) expect(want string) {
	f.Helper()
	var got []byte
	for {
		data, next, wake, _ := f.file.Read(f.at, 3)
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
	if err := file.Clear(); err != nil {
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
	if err := f.file.Clear(); !errors.Is(err, syscall.EPERM) {
		t.Errorf("clear: got %v, want %v", err, syscall.EPERM)
	}
	f.expect("")
	_, _ = f.file.Write([]byte("5678\n")) // too long, and cannot be rotated
	f.expect("5678\n")
	_, _ = f.file.Write([]byte("9\n"))
	f.expect("9\n")
}

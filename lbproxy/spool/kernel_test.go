package spool

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func TestAFileInAFolderHasNoName(t *testing.T) {
	for name, open := range map[string]func(string) (int, error){"by O_TMPFILE": openUnnamed, "unlinked": openAndUnlink} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			fd, err := open(folder)
			if err != nil {
				t.Fatal(err)
			}
			defer unix.Close(fd)
			wantPrivate(t, fd)
			if entries, err := os.ReadDir(folder); err != nil || len(entries) > 0 {
				t.Errorf("the folder: got %v, %v, want nothing in it", entries, err)
			}
			if n, err := write(fd, []byte("body"), 0); n != 4 || err != nil {
				t.Errorf("write: got %d, %v, want 4", n, err)
			}
			b := make([]byte, 10)
			if n, err := read(fd, b, 1); string(b[:n]) != "ody" || err != nil {
				t.Errorf("read: got %q, %v, want the bytes from there on", b[:n], err)
			}
		})
	}
}

// wantPrivate checks that no other user can read a file, that it has no name, and that no child gets it.
func wantPrivate(t *testing.T, fd int) {
	t.Helper()
	var s unix.Stat_t
	if err := unix.Fstat(fd, &s); err != nil {
		t.Fatal(err)
	}
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	if s.Mode&0o77 != 0 || s.Nlink != 0 || flags&unix.FD_CLOEXEC == 0 || err != nil {
		t.Errorf("got mode %o, %d names and flags %d, %v, want it private, without a name and closed on exec",
			s.Mode, s.Nlink, flags, err)
	}
}

func TestAFileInMemoryIsPrivate(t *testing.T) {
	fd, err := openMemory()
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	wantPrivate(t, fd)
	if !inRAM(fd) {
		t.Error("it is not in RAM")
	}
}

func TestWhereNoFileCanBeMade(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		folder string
		errno  unix.Errno
	}{
		{filepath.Join(t.TempDir(), "missing"), unix.ENOENT},
		{file, unix.ENOTDIR},
		{"/proc", unix.ENOENT},
	} {
		fd, err := openUnnamed(test.folder)
		if fd >= 0 || err == nil {
			t.Errorf("%s: got %d, %v, want %v", test.folder, fd, err, test.errno)
		}
		if test.folder != "/proc" && !errors.Is(err, test.errno) {
			t.Errorf("%s: got %v, want %v", test.folder, err, test.errno)
		}
	}
}

func TestWhichFoldersAreInRAM(t *testing.T) {
	for folder, want := range map[string]bool{"/dev/shm": true, "/proc": false} {
		inRAM, _, err := space(folder)
		if inRAM != want || err != nil {
			t.Errorf("%s: got %v, %v, want %v", folder, inRAM, err, want)
		}
	}
	if _, free, err := space(t.TempDir()); free <= 0 || err != nil {
		t.Errorf("a folder for tests: got %d bytes free, %v, want some", free, err)
	}
	if _, _, err := space("/missing/folder"); !errors.Is(err, unix.ENOENT) {
		t.Errorf("no folder: got %v, want ENOENT", err)
	}
}

func TestACallThatASignalInterruptsIsMadeAgain(t *testing.T) {
	calls := 0
	n, err := retry(func() (int, error) {
		if calls++; calls < 3 {
			return -1, unix.EINTR
		}
		return 7, nil
	})
	if n != 7 || err != nil || calls != 3 {
		t.Errorf("got %d, %v after %d calls, want 7 after 3", n, err, calls)
	}
}

func TestErrorsSayWhichCall(t *testing.T) {
	_, writeErr := write(-1, []byte("x"), 0)
	_, readErr := read(-1, []byte("x"), 0)
	_, pagesErr := resident(-1, 0, 1)
	for call, err := range map[string]error{"pwrite": writeErr, "pread": readErr, "mmap": pagesErr} {
		if err == nil || err.Error() != call+": bad file descriptor" {
			t.Errorf("%s: got %v, want that the descriptor is bad", call, err)
		}
	}
}

// onDisk is a file with n bytes in it that has been written to a disk; the test is skipped where there is none.
func onDisk(t *testing.T, n int) int {
	t.Helper()
	fd, err := openUnnamed(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if inRAM(fd) {
		t.Skip("SKIPPED: the folder for tests is in RAM")
	}
	if _, err := write(fd, bytes.Repeat([]byte("x"), n), 0); err != nil {
		t.Fatal(err)
	}
	return fd
}

// chill has the kernel drop a file's pages from offset on.
func chill(t *testing.T, fd int, offset int64) {
	t.Helper()
	if err := unix.Fsync(fd); err != nil {
		t.Fatal(err)
	}
	if err := unix.Fadvise(fd, offset, 0, unix.FADV_DONTNEED); err != nil {
		t.Fatal(err)
	}
}

func TestPagesThatAreNotInTheCacheAreSeen(t *testing.T) {
	page := int64(os.Getpagesize())
	size := 3*windowPages*page + 100 // more than two windows, and a part of a page
	fd := onDisk(t, int(size))
	chill(t, fd, 0)
	if there, err := resident(fd, 0, size); there || err != nil {
		t.Skipf("SKIPPED: the kernel keeps the pages of this file system (%v)", err)
	}
	readAt := func(offset int64) {
		if _, err := read(fd, make([]byte, size-offset), offset); err != nil {
			t.Fatal(err)
		}
	}
	readAt(0)
	for _, test := range []struct{ offset, n int64 }{
		{0, size}, {0, 1}, {size - 1, 1}, {page - 1, 2}, {5, windowPages * page},
	} {
		if there, err := resident(fd, test.offset, test.n); !there || err != nil {
			t.Errorf("%d bytes from %d that were read: got %v, %v, want true", test.n, test.offset, there, err)
		}
	}
	chill(t, fd, 2*windowPages*page)
	for _, test := range []struct {
		offset, n int64
		want      bool
	}{{0, 2 * windowPages * page, true}, {0, size, false}, {2 * windowPages * page, 1, false}, {size - 1, 1, false}} {
		if there, err := resident(fd, test.offset, test.n); there != test.want || err != nil {
			t.Errorf("%d bytes from %d after the end was dropped: got %v, %v, want %v",
				test.n, test.offset, there, err, test.want)
		}
	}
}

func TestToLookAtPagesAllocatesNothing(t *testing.T) {
	fd := onDisk(t, 1<<20)
	allocations := testing.AllocsPerRun(100, func() {
		if there, err := resident(fd, 0, 1<<20); !there || err != nil {
			t.Errorf("just written: got %v, %v, want true", there, err)
		}
	})
	if allocations != 0 {
		t.Errorf("got %v allocations, want none", allocations)
	}
}

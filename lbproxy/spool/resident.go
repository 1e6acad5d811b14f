package spool

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	pageBytes = 4 << 10
	// windowPages are looked at by one call: those of 1 MiB.
	windowPages = 256
)

// resident reports whether n bytes from offset are in the page cache, so that sending them waits for no disk. It maps
// them for that, and touches none; man 2 mincore. Since Linux 5.2 that is the truth only for files that the caller
// owns or may write, and otherwise "all are there": these it has made.
func resident(fd int, offset, n int64) (bool, error) {
	end := offset + n
	for at := offset &^ (pageBytes - 1); at < end; at += windowPages * pageBytes {
		ok, err := windowResident(fd, at, min(end-at, windowPages*pageBytes))
		if !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

// windowResident is resident for at most one window, which begins at a page.
func windowResident(fd int, offset, n int64) (bool, error) {
	address, _, errno := unix.RawSyscall6(unix.SYS_MMAP,
		0, uintptr(n), unix.PROT_NONE, unix.MAP_SHARED, uintptr(fd), uintptr(offset))
	if errno != 0 {
		return false, os.NewSyscallError("mmap", errno)
	}
	var pages [windowPages]byte
	_, _, errno = unix.RawSyscall(unix.SYS_MINCORE, address, uintptr(n), uintptr(unsafe.Pointer(&pages)))
	_, _, _ = unix.RawSyscall(unix.SYS_MUNMAP, address, uintptr(n), 0)
	if errno != 0 {
		return false, os.NewSyscallError("mincore", errno)
	}
	for _, page := range pages[:(n+pageBytes-1)/pageBytes] {
		if page&1 == 0 {
			return false, nil
		}
	}
	return true, nil
}

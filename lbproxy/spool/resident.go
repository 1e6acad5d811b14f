package spool

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// windowPages are looked at by one call: those of 1 MiB where a page has 4 KiB.
const windowPages = 256

// resident reports whether n bytes from offset are in the page cache, so that sending them waits for no disk. It maps
// them for that, and touches none; man 2 mincore. Since Linux 5.2 that is the truth only for files that the caller
// owns or may write, and otherwise "all are there": these it has made.
func resident(fd int, offset, n int64) (bool, error) {
	page := int64(os.Getpagesize())
	end := offset + n
	for at := offset &^ (page - 1); at < end; at += windowPages * page {
		length := min(end-at, windowPages*page)
		ok, err := windowResident(fd, at, length, (length+page-1)/page)
		if !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

// windowResident is resident for at most one window of so many pages, which begins at a page.
func windowResident(fd int, offset, n, pages int64) (bool, error) {
	address, _, errno := unix.Syscall6(unix.SYS_MMAP,
		0, uintptr(n), unix.PROT_NONE, unix.MAP_PRIVATE, uintptr(fd), uintptr(offset))
	if errno != 0 {
		return false, os.NewSyscallError("mmap", errno)
	}
	var flags [windowPages]byte
	_, _, errno = unix.Syscall(unix.SYS_MINCORE, address, uintptr(n), uintptr(unsafe.Pointer(&flags)))
	_, _, _ = unix.Syscall(unix.SYS_MUNMAP, address, uintptr(n), 0)
	if errno != 0 {
		return false, os.NewSyscallError("mincore", errno)
	}
	for _, flag := range flags[:pages] {
		if flag&1 == 0 {
			return false, nil
		}
	}
	return true, nil
}

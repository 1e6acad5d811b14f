package spool

import (
	"crypto/rand"
	"errors"
	"math"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// kernel has the calls that can fail, so that tests can have each of them fail. Those of a disk may wait.
type kernel struct {
	openMemory     func() (fd int, err error)
	openUnnamed    func(folder string) (fd int, err error)
	inRAM          func(fd int) bool
	space          func(folder string) (inRAM bool, free int64, err error)
	write          func(fd int, b []byte, offset int64) (int, error)
	read           func(fd int, b []byte, offset int64) (int, error)
	resident       func(fd int, offset, n int64) (bool, error)
	close          func(fd int)
	now            func() time.Duration // since it was made
	descriptorsMax func() int64
	memory         func() int64 // bytes
}

// bodyMode lets no other user read a body.
const bodyMode = 0o600

// linux is the real one.
func linux() *kernel {
	start := time.Now()
	return &kernel{
		openMemory:     openMemory,
		openUnnamed:    openUnnamed,
		inRAM:          inRAM,
		space:          space,
		write:          write,
		read:           read,
		resident:       resident,
		close:          func(fd int) { _ = unix.Close(fd) }, // Linux releases it whatever close returns
		now:            func() time.Duration { return time.Since(start) },
		descriptorsMax: descriptorsMax,
		memory:         memory,
	}
}

// openMemory makes a file in memory, which cannot be made executable; man 2 memfd_create. MFD_NOEXEC_SEAL is of Linux
// 6.3, and demanded where the sysctl vm.memfd_noexec is 2.
func openMemory() (int, error) {
	fd, err := unix.MemfdCreate("percore-body", unix.MFD_CLOEXEC|unix.MFD_NOEXEC_SEAL)
	if errors.Is(err, unix.EINVAL) {
		fd, err = unix.MemfdCreate("percore-body", unix.MFD_CLOEXEC)
	}
	if err != nil {
		return -1, os.NewSyscallError("memfd_create", err)
	}
	if err := unix.Fchmod(fd, bodyMode); err != nil {
		_ = unix.Close(fd)
		return -1, os.NewSyscallError("fchmod", err)
	}
	return fd, nil
}

// openUnnamed makes a file in a folder that never has a name there (man 2 open, O_TMPFILE; with O_EXCL it never can
// get one), or, where the file system has no such files, loses it before there is a byte in it.
func openUnnamed(folder string) (int, error) {
	fd, err := retry(func() (int, error) {
		return unix.Open(folder, unix.O_TMPFILE|unix.O_EXCL|unix.O_RDWR|unix.O_CLOEXEC, bodyMode)
	})
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EISDIR) || errors.Is(err, unix.EINVAL) {
		return openAndUnlink(folder)
	}
	return fd, os.NewSyscallError("open", err)
}

func openAndUnlink(folder string) (int, error) {
	name := folder + "/percore-" + rand.Text()
	fd, err := retry(func() (int, error) {
		return unix.Open(name, unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_RDWR|unix.O_CLOEXEC, bodyMode)
	})
	if err != nil {
		return -1, os.NewSyscallError("open", err)
	}
	if err := unix.Unlink(name); err != nil {
		_ = unix.Close(fd)
		return -1, os.NewSyscallError("unlink", err)
	}
	return fd, nil
}

func inRAM(fd int) bool {
	var s unix.Statfs_t
	_, err := retry(func() (int, error) { return 0, unix.Fstatfs(fd, &s) })
	return err == nil && isRAM(int64(s.Type))
}

// space says how many bytes users may still write below a folder; man 2 statfs.
func space(folder string) (inRAM bool, free int64, err error) {
	var s unix.Statfs_t
	if _, err := retry(func() (int, error) { return 0, unix.Statfs(folder, &s) }); err != nil {
		return false, 0, os.NewSyscallError("statfs", err)
	}
	block := int64(s.Frsize)
	if block == 0 {
		block = int64(s.Bsize)
	}
	blocksMax := uint64(math.MaxInt64/4) / uint64(block) // some file systems say that they have no end
	return isRAM(int64(s.Type)), int64(min(s.Bavail, blocksMax)) * block, nil
}

func write(fd int, b []byte, offset int64) (int, error) {
	n, err := retry(func() (int, error) { return unix.Pwrite(fd, b, offset) })
	return n, os.NewSyscallError("pwrite", err)
}

func read(fd int, b []byte, offset int64) (int, error) {
	n, err := retry(func() (int, error) { return unix.Pread(fd, b, offset) })
	return n, os.NewSyscallError("pread", err)
}

// retry makes a call again that a signal has interrupted.
func retry(call func() (int, error)) (int, error) {
	for {
		if n, err := call(); !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}

// isRAM reports whether files of a file system are in RAM; man 2 statfs.
func isRAM(kind int64) bool { return kind == unix.TMPFS_MAGIC || kind == unix.RAMFS_MAGIC }

// descriptorsMax is how many descriptors this process may have; man 2 getrlimit.
func descriptorsMax() int64 {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 1024 // every system's least
	}
	return int64(min(limit.Cur, 1<<30))
}

// memory is how many bytes of RAM the machine has; man 2 sysinfo.
func memory() int64 {
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return 1 << 30
	}
	return int64(info.Totalram) * int64(info.Unit)
}

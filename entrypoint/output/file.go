package output

import (
	"errors"
	"os"
	"runtime"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// File is stdout or stderr. Writes wait as long as the other side makes them, and are not mixed with each other.
type File struct {
	file     *os.File
	terminal bool
	mu       sync.Mutex // keeps one Write's bytes together where the kernel takes them in parts
}

// NewFile makes a File of an open file, which stays the caller's.
func NewFile(file *os.File) *File {
	f := &File{file: file}
	_ = f.control(func(fd int) error {
		_, err := unix.IoctlGetTermios(fd, unix.TCGETS)
		f.terminal = err == nil
		return nil
	})
	return f
}

// Terminal reports whether it is one.
func (f *File) Terminal() bool { return f.terminal }

// Write writes all of p; the error is the kernel's (man 2 write). Another process that shares the open file may have
// made it non-blocking, so EAGAIN is waited out instead of losing what follows.
func (f *File) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.terminal {
		defer holdTTOU()()
	}
	written := 0
	for {
		n, err := f.file.Write(p[written:])
		written += max(n, 0)
		if !errors.Is(err, unix.EAGAIN) {
			return written, err
		}
		if err := f.control(waitWritable); err != nil {
			return written, err
		}
	}
}

// TryWrite writes what one system call takes, past os.File, which ends a process that writes to a broken pipe unless
// it has subscribed to SIGPIPE by os/signal; mode init catches signals in its own way.
func (f *File) TryWrite(p []byte) (written int, err error) {
	if f.terminal {
		defer holdTTOU()()
	}
	err = f.control(func(fd int) (err error) {
		written, err = unix.Write(fd, p)
		return err
	})
	return max(written, 0), err
}

// control gives do the descriptor without File.Fd, whose history includes changing the file's mode.
func (f *File) control(do func(fd int) error) error {
	conn, err := f.file.SyscallConn()
	if err != nil {
		return err
	}
	var done error
	if err := conn.Control(func(fd uintptr) { done = do(int(fd)) }); err != nil {
		return err
	}
	return done
}

func waitWritable(fd int) error {
	for {
		_, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}, -1)
		if !errors.Is(err, unix.EINTR) {
			return os.NewSyscallError("poll", err)
		}
	}
}

// sigsetBytes is the size of the kernel's signal set.
const sigsetBytes = 8

// holdTTOU blocks SIGTTOU for this thread until release is called, so that the kernel lets a background process
// group write to a terminal with tostop (man 3 termios). Caught, as percore catches it, the signal would make the
// kernel restart the write and send it again, for ever; ignored, it would be ignored in every child, too.
func holdTTOU() (release func()) {
	runtime.LockOSThread()
	var before uint64
	hold := uint64(1) << (unix.SIGTTOU - 1)
	if !sigprocmask(unix.SIG_BLOCK, &hold, &before) {
		return runtime.UnlockOSThread
	}
	return func() {
		sigprocmask(unix.SIG_SETMASK, &before, nil)
		runtime.UnlockOSThread()
	}
}

func sigprocmask(how int, set, before *uint64) bool {
	_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGPROCMASK, uintptr(how),
		uintptr(unsafe.Pointer(set)), uintptr(unsafe.Pointer(before)), sigsetBytes, 0, 0)
	return errno == 0
}

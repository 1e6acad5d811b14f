package entry

import (
	"os"
	"sync/atomic"
	"syscall"
	"unsafe"
)

// SignalMax is SIGRTMAX on Linux (man 7 signal).
const SignalMax = 64

// Disposition is what happens when a signal arrives (man 7 signal).
type Disposition uintptr

// The dispositions.
const (
	Default Disposition = iota
	Ignored
	Caught // a record goes into the pipe
)

// sigaction is the kernel's, not libc's (linux/include/uapi/asm-generic/signal.h). mask is what waits while the
// handler runs.
type sigaction struct {
	handler  uintptr
	flags    uint64
	restorer uintptr
	mask     uint64
}

// actionFlags are SA_SIGINFO, SA_RESTART and SA_ONSTACK: goroutine stacks have no room for a signal's frame.
const actionFlags = 0x4 | 0x10000000 | 0x08000000

const maskBytes = 8

// CatchAll has every signal caught, in all threads, and gives the read end of the pipe. Each record there is the first
// RecordBytes of a siginfo_t. A thread that blocks a signal does not get it. It is called once.
func CatchAll() (fd int, err error) {
	if handlerAddress() == 0 {
		return 0, syscall.ENOSYS
	}
	if !active {
		if err := catchLate(); err != nil {
			return 0, err
		}
	}
	for sig := syscall.Signal(1); sig <= SignalMax; sig++ {
		if sig == syscall.SIGKILL || sig == syscall.SIGSTOP {
			continue
		}
		if err := Set(sig, Caught); err != nil {
			return 0, err
		}
	}
	return int(readEnd), nil
}

// RecordBytes is the size of a record: up to the union of siginfo_t and 16 bytes of that.
const RecordBytes = 32

// catchLate does what the entry would have done. A handler must not wait for the reader, which may be what it
// interrupts.
func catchLate() error {
	var old sigaction
	if err := setAction(syscall.SIGSEGV, nil, &old); err != nil {
		return err
	}
	runtimeHandler = old.handler
	var fds [2]int
	if err := syscall.Pipe2(fds[:], syscall.O_CLOEXEC); err != nil {
		return os.NewSyscallError("pipe2", err)
	}
	readEnd, writeEnd = int64(fds[0]), int64(fds[1])
	return os.NewSyscallError("fcntl", syscall.SetNonblock(fds[1], true))
}

// Overflow gives, once, the signals that came while the pipe was full; bit n-1 is signal n. A record whose signal is
// 0 may come to say that there is one, so a reader of the pipe need not fear to miss it.
func Overflow() uint64 { return atomic.SwapUint64(&overflow, 0) }

// Set changes the disposition of a signal. Caught is possible after CatchAll only.
func Set(sig syscall.Signal, d Disposition) error {
	action := sigaction{handler: uintptr(d)}
	if d == Caught {
		action = sigaction{
			handler: handlerAddress(), restorer: restorerAddress(), flags: actionFlags | flagRestorer, mask: ^uint64(0),
		}
	}
	return setAction(sig, &action, nil)
}

// HandBack gives the signals to the Go runtime, for os/signal, in a process that turns out to have another use for
// them. Those that the runtime has no handler for get their default. It gives those that were caught until then.
func HandBack() (caught []syscall.Signal) {
	unhook()
	runtimes := sigaction{
		handler: runtimeHandler, restorer: restorerAddress(), flags: actionFlags | flagRestorer, mask: ^uint64(0),
	}
	for sig := syscall.Signal(1); sig <= SignalMax; sig++ {
		action := runtimes
		switch sig {
		case syscall.SIGKILL, syscall.SIGSTOP:
			continue
		case syscall.SIGCONT, syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU:
			action = sigaction{}
		}
		_ = setAction(sig, &action, nil) // the arguments are right
	}
	_ = syscall.SetNonblock(int(readEnd), true)
	for {
		var record [RecordBytes / 4]int32
		n, err := syscall.Read(int(readEnd), unsafe.Slice((*byte)(unsafe.Pointer(&record)), RecordBytes))
		if err != syscall.EINTR && n <= 0 {
			return caught
		}
		if n == RecordBytes {
			caught = append(caught, syscall.Signal(record[0]))
		}
	}
}

func setAction(sig syscall.Signal, action, old *sigaction) error {
	_, _, errno := syscall.RawSyscall6(syscall.SYS_RT_SIGACTION,
		uintptr(sig), uintptr(unsafe.Pointer(action)), uintptr(unsafe.Pointer(old)), maskBytes, 0, 0)
	if errno != 0 {
		return os.NewSyscallError("rt_sigaction", errno)
	}
	return nil
}

const sigSetmask = 2 // SIG_SETMASK

// SetMask blocks exactly these signals in the calling thread and returns those that were blocked (man 2 sigprocmask).
// The goroutine has to be locked to its thread.
func SetMask(mask uint64) (before uint64) {
	// The arguments are right, so there is nothing that could fail.
	syscall.RawSyscall6(syscall.SYS_RT_SIGPROCMASK,
		sigSetmask, uintptr(unsafe.Pointer(&mask)), uintptr(unsafe.Pointer(&before)), maskBytes, 0, 0)
	return before
}

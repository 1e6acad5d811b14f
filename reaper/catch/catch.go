package catch

import (
	"fmt"
	"os"
	"slices"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"percore/reaper/entry"
)

// Catcher is the reading end. One goroutine at a time may use it.
type Catcher struct {
	fd     int
	batch  [64]record
	unread []record
}

// record is the beginning of siginfo_t on a 64-bit machine (man 2 sigaction,
// linux/include/uapi/asm-generic/siginfo.h).
type record struct {
	signo, _, code, _ int32
	pid               int32
	uid               uint32
	value             uint64
}

// Signal is one signal that was caught.
type Signal struct {
	Number syscall.Signal
	Code   int32  // si_code: 0 for kill, negative for sigqueue, positive from the kernel (man 2 sigaction)
	PID    int    // of the sender, 0 from outside the pid namespace; means nothing if Code is positive
	UID    uint32 // its user, likewise
	Value  uint64 // what sigqueue sent along
}

// The si_code values that matter here.
const (
	codeQueue  = -1 // sigqueue
	codeKernel = 0x80
)

// Queued reports whether the signal came with a value, by sigqueue (man 3 sigqueue).
func (s Signal) Queued() bool { return s.Code == codeQueue }

// OfChild reports whether the kernel sent it because a child ended, stopped or went on.
func (s Signal) OfChild() bool {
	return s.Number == syscall.SIGCHLD && s.Code > 0 && s.Code < codeKernel
}

// Own reports whether this process sent it itself: the runtime's SIGURG, or SIGPIPE for a broken stderr.
func (s Signal) Own() bool { return s.Code <= 0 && s.PID == os.Getpid() }

// All catches all signals from here on, or goes on catching them since the entry. It is called once; there is no way
// back.
func All() (*Catcher, error) {
	fd, err := entry.CatchAll()
	if err != nil {
		return nil, fmt.Errorf("catch signals: %w", err)
	}
	return &Catcher{fd: fd}, nil
}

// Next waits for the next signal, until deadline unless that is zero. False means that the deadline has passed.
func (c *Catcher) Next(deadline time.Time) (Signal, bool, error) {
	for {
		if len(c.unread) > 0 {
			r := c.unread[0]
			c.unread = c.unread[1:]
			return r.made(), true, nil
		}
		if c.spilt() {
			continue
		}
		if !deadline.IsZero() {
			ready, err := c.wait(time.Until(deadline))
			if err != nil || !ready {
				return Signal{}, false, err
			}
		}
		if err := c.read(); err != nil {
			return Signal{}, false, err
		}
	}
}

// spilt takes over what did not fit into the pipe. That is known once the pipe has been read, because it was full
// then.
func (c *Catcher) spilt() bool {
	set := entry.Overflow()
	c.unread = c.batch[:0]
	for sig := int32(1); set != 0; sig++ {
		if set&1 != 0 {
			c.unread = append(c.unread, record{signo: sig, code: spiltCode(sig)})
		}
		set >>= 1
	}
	return len(c.unread) > 0
}

// spiltCode makes a lost SIGCHLD one of a child's: to look for dead children once too often does no harm.
func spiltCode(sig int32) int32 {
	if sig == int32(syscall.SIGCHLD) {
		return 1
	}
	return 0
}

func (c *Catcher) wait(d time.Duration) (bool, error) {
	timeout := unix.NsecToTimespec(max(d, 0).Nanoseconds())
	n, err := unix.Ppoll([]unix.PollFd{{Fd: int32(c.fd), Events: unix.POLLIN}}, &timeout, nil)
	if err == unix.EINTR {
		return true, nil // a signal is what is waited for
	}
	return n > 0, os.NewSyscallError("ppoll", err)
}

// read takes what the pipe holds, up to a batch. Of the signals that tell of children it keeps one: all of them were
// sent before the reader gets to look. A record of no signal only means that something was spilt.
func (c *Catcher) read() error {
	buffer := unsafe.Slice((*byte)(unsafe.Pointer(&c.batch)), len(c.batch)*entry.RecordBytes)
	n, err := syscall.Read(c.fd, buffer)
	if err == syscall.EINTR {
		return nil
	}
	if err != nil {
		return os.NewSyscallError("read", err)
	}
	some := slices.DeleteFunc(c.batch[:n/entry.RecordBytes], func(r record) bool { return r.signo == 0 })
	c.unread = slices.CompactFunc(some, func(a, b record) bool { return a.made().OfChild() && b.made().OfChild() })
	return nil
}

// Pause waits until deadline, whatever signals come; what is caught stays in the pipe.
func Pause(deadline time.Time) error {
	for {
		timeout := unix.NsecToTimespec(max(time.Until(deadline), 0).Nanoseconds())
		if _, err := unix.Ppoll(nil, &timeout, nil); err != unix.EINTR {
			return os.NewSyscallError("ppoll", err)
		}
	}
}

// Soon reports whether sig is still to come from Next n times, and waits a little for that.
func (c *Catcher) Soon(sig syscall.Signal, n int, wait time.Duration) bool {
	return c.gather(sig, n, wait) >= n
}

// gather takes over what the pipe holds until sig is among it n times, and says how often it is.
func (c *Catcher) gather(sig syscall.Signal, n int, wait time.Duration) (count int) {
	kept := slices.Clone(c.unread)
	for deadline := time.Now().Add(wait); ; {
		c.unread, count = nil, 0
		for _, r := range kept {
			if syscall.Signal(r.signo) == sig {
				count++
			}
		}
		ready, err := false, error(nil)
		if count < n {
			ready, err = c.wait(time.Until(deadline))
		}
		if err != nil || !ready || c.read() != nil {
			c.unread = kept
			return count
		}
		kept = append(kept, c.unread...)
	}
}

func (r record) made() Signal {
	return Signal{Number: syscall.Signal(r.signo), Code: r.code, PID: int(r.pid), UID: r.uid, Value: r.value}
}

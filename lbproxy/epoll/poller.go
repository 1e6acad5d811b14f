// Package epoll is the event source of one loop: an epoll instance, and wake-ups from other goroutines. It makes every
// epoll system call of the program. The deadlines until which a loop waits are in the package timer.
//
// Waiting is the subtle part. A goroutine that blocks in an ordinary system call lets the scheduler take its
// P away, and getting one back costs two to five times a C program's wake-up at moderate load. A raw system
// call keeps the P, at the price of one signal every 10 ms from the scheduler's watchdog and of a core that a
// truly idle program should not use. Wait therefore waits raw for a second after the last event and in the
// ordinary way after that. See docs/adr/0002-raw-epoll.md.
package epoll

import (
	"encoding/binary"
	"errors"
	"os"
	"runtime"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Token names what an event is about: a slot of the owner's table and the slot's generation, so that an event
// for a descriptor which was closed and reused within the same batch can be told from one for its successor.
type Token struct {
	Slot       int32
	Generation uint32
}

// Event is one readiness report: the token given to Add and the kernel's flags (man 2 epoll_ctl).
type Event struct {
	Token
	Flags uint32
}

// Flags of an Event and of Add's mask; man 2 epoll_ctl.
const (
	In            = unix.EPOLLIN
	Out           = unix.EPOLLOUT
	PeerClosed    = unix.EPOLLRDHUP
	HangUp        = unix.EPOLLHUP
	Failed        = unix.EPOLLERR
	EdgeTriggered = unix.EPOLLET
)

const (
	// batchEvents bounds the work of one turn, so that timers and wake-ups are looked at often enough.
	batchEvents = 256
	// EventsMax is the least number of events from one Wait behind which there may be more; a wake-up takes the place
	// of one.
	EventsMax = batchEvents - 1
	// rawWindowMillis is how long after its last event a poller waits without giving up its P.
	rawWindowMillis = 1000
	// wakeSlot is the token slot of the poller's own eventfd; owners use slots from 0 up.
	wakeSlot = -1
)

// The three values of Poller.state.
const (
	awake    = iota // the owner is working: it will look at its mailbox before it sleeps
	asleep          // the owner is in epoll_wait, or about to be
	notified        // Wake was called since the owner last looked
)

// Poller is one epoll instance. All methods but Wake belong to the goroutine that runs the loop.
type Poller struct {
	fd, wakeFD int
	state      atomic.Uint32
	busyUntil  int64 // milliseconds on the owner's clock: end of the raw window
	raw        [batchEvents]unix.EpollEvent
	events     [batchEvents]Event
}

// New opens an epoll instance with its wake-up descriptor. Both are closed by Close.
func New() (*Poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	wakeFD, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		unix.Close(fd)
		return nil, os.NewSyscallError("eventfd2", err)
	}
	p := &Poller{fd: fd, wakeFD: wakeFD}
	// Edge-triggered and never read: each write is one edge, which saves the read.
	if err := p.Add(wakeFD, Token{Slot: wakeSlot}, In|EdgeTriggered); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

// Close closes the epoll instance and its wake-up descriptor; registered descriptors stay open.
func (p *Poller) Close() error {
	return errors.Join(unix.Close(p.wakeFD), unix.Close(p.fd))
}

// Add registers fd under token for the events in mask.
func (p *Poller) Add(fd int, token Token, mask uint32) error {
	event := unix.EpollEvent{Events: mask, Fd: token.Slot, Pad: int32(token.Generation)}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(p.fd, unix.EPOLL_CTL_ADD, fd, &event))
}

// Remove takes fd out. Closing a descriptor does the same when no duplicate of it is open elsewhere, which
// does not hold for listeners, as PID 1 keeps its copies.
func (p *Poller) Remove(fd int) error {
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(p.fd, unix.EPOLL_CTL_DEL, fd, nil))
}

// Wake makes the current or the next Wait return at once. It may be called from any goroutine, and costs a
// system call only when the owner sleeps.
func (p *Poller) Wake() {
	if p.state.Swap(notified) != asleep {
		return
	}
	var one [8]byte
	binary.NativeEndian.PutUint64(one[:], 1)
	// The counter is never read: it is full, and a write fails, only after 2^64-2 wake-ups (man 2 eventfd).
	_, _ = unix.Write(p.wakeFD, one[:])
}

// Wait returns what became ready. It waits for at most timeoutMillis, for ever when that is negative, and may
// return early with no event. nowMillis is the owner's monotonic clock. The result is valid until the next call.
func (p *Poller) Wait(timeoutMillis, nowMillis int64) ([]Event, error) {
	if !p.state.CompareAndSwap(awake, asleep) {
		timeoutMillis = 0 // Wake was called since we looked
	}
	n, errno := p.wait(timeoutMillis, nowMillis)
	p.state.Store(awake)
	if errno != 0 {
		// The garbage collector stops a raw-waiting goroutine by a signal; without a scheduling point
		// here it would try for seconds.
		runtime.Gosched()
		if errno == unix.EINTR {
			return nil, nil
		}
		return nil, os.NewSyscallError("epoll_pwait", errno)
	}
	if n > 0 {
		p.busyUntil = nowMillis + rawWindowMillis
	}
	return p.collect(n), nil
}

// wait blocks raw inside the window after the last event, otherwise in a way that frees the P.
func (p *Poller) wait(timeoutMillis, nowMillis int64) (int, unix.Errno) {
	if timeoutMillis == 0 {
		return p.pwait(0, unix.RawSyscall6)
	}
	if left := p.busyUntil - nowMillis; left > 0 {
		if timeoutMillis < 0 || timeoutMillis > left {
			timeoutMillis = left
		}
		return p.pwait(timeoutMillis, unix.RawSyscall6)
	}
	return p.pwait(timeoutMillis, unix.Syscall6)
}

type syscall6 func(trap, a1, a2, a3, a4, a5, a6 uintptr) (r1, r2 uintptr, err unix.Errno)

func (p *Poller) pwait(timeoutMillis int64, call syscall6) (int, unix.Errno) {
	n, _, errno := call(unix.SYS_EPOLL_PWAIT, uintptr(p.fd), uintptr(unsafe.Pointer(&p.raw[0])), batchEvents, uintptr(timeoutMillis), 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

// collect copies n kernel events out of the kernel's layout, without the wake-up descriptor's.
func (p *Poller) collect(n int) []Event {
	events := p.events[:0]
	for i := range n {
		raw := &p.raw[i]
		if raw.Fd == wakeSlot {
			continue
		}
		events = append(events, Event{Token{raw.Fd, uint32(raw.Pad)}, raw.Events})
	}
	return events
}

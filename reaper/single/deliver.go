package single

import (
	"errors"
	"os"
	"syscall"
	"time"
	"unsafe"

	"percore/reaper/catch"
	"percore/reaper/tree"
)

// obey does with a signal what the Options say.
func (r *runner) obey(sig catch.Signal) {
	if sig.Own() {
		return
	}
	switch sig.Number {
	case syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT: // whatever it becomes: its sender waits from now on
		r.left = r.leaving(time.Now())
	}
	sig.Number = r.rewritten(sig.Number)
	switch sig.Number {
	case 0: // dropped
		return
	case syscall.SIGCONT:
		if r.resume() {
			return
		}
	case syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU:
		r.asked = request{sig.Number, time.Now()}
	}
	r.deliver(sig)
}

// deliver hands a signal on. The child has not been reaped, so its number is still its own.
func (r *runner) deliver(sig catch.Signal) {
	switch {
	case r.Tree && tree.Signal(os.Getpid(), sig.Number, r.complain): // false where the tree cannot be seen
	case r.Group || r.Tree:
		err := syscall.Kill(-r.child, sig.Number)
		if errors.Is(err, syscall.ESRCH) { // it has gone to another group
			err = syscall.Kill(r.child, sig.Number)
		}
		r.complain(err)
	case sig.Queued():
		r.complain(queue(r.child, sig))
	default:
		r.complain(syscall.Kill(r.child, sig.Number))
	}
}

// deliverReleased delivers what os/signal caught before Run.
func (r *runner) deliverReleased() {
	if r.Release == nil {
		return
	}
	for _, s := range r.Release() {
		if number, ok := s.(syscall.Signal); ok {
			r.obey(catch.Signal{Number: number})
		}
	}
}

// queue sends a signal with its value, as sigqueue sent it to us (man 2 rt_sigqueueinfo).
func queue(pid int, sig catch.Signal) error {
	info := struct {
		signo, errno, code, _ int32
		pid                   int32
		uid                   uint32
		value                 uint64
		_                     [96]byte // siginfo_t has 128 bytes
	}{signo: int32(sig.Number), code: sig.Code, pid: int32(sig.PID), uid: sig.UID, value: sig.Value}
	_, _, errno := syscall.RawSyscall(syscall.SYS_RT_SIGQUEUEINFO, uintptr(pid), uintptr(sig.Number), uintptr(unsafe.Pointer(&info)))
	if errno != 0 {
		return errno
	}
	return nil
}

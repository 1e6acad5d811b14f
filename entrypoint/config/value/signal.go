package value

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// signalMax is SIGRTMAX on Linux (man 7 signal).
const signalMax = 64

// Signal is a signal by name or number (man 7 signal).
type Signal syscall.Signal

// UnmarshalText reads TERM, SIGTERM or 15, names in any case.
func (s *Signal) UnmarshalText(text []byte) error {
	if n, err := strconv.Atoi(string(text)); err == nil {
		if n < 1 || n > signalMax {
			return fmt.Errorf("is not a signal number from 1 to %d", signalMax)
		}
		*s = Signal(n)
		return nil
	}
	name := strings.TrimPrefix(strings.ToUpper(string(text)), "SIG")
	if n, is := realTime(name); is {
		*s = n
		return nil
	}
	named := unix.SignalNum("SIG" + name)
	if named == 0 {
		return errors.New("is not a signal: write a name, as in TERM or RTMIN+3, or a number")
	}
	*s = Signal(named)
	return nil
}

// signalRTMin is what programs call SIGRTMIN: the C library keeps the kernel's first two for itself (man 7 signal).
const signalRTMin = 34

// realTime reads RTMIN, RTMIN+3, RTMAX and RTMAX-1.
func realTime(name string) (Signal, bool) {
	base := signalRTMin
	offset, is := strings.CutPrefix(name, "RTMIN")
	if !is {
		base = signalMax
		offset, is = strings.CutPrefix(name, "RTMAX")
	}
	if !is {
		return 0, false
	}
	n := 0
	if offset != "" {
		var err error
		if n, err = strconv.Atoi(offset); err != nil || offset[0] != '+' && offset[0] != '-' {
			return 0, false
		}
	}
	sum := base + n
	return Signal(sum), signalRTMin <= sum && sum <= signalMax
}

// Stops reports whether a process that knows nothing of the signal ends by it, or one that knows it may.
func (s Signal) Stops() bool {
	switch syscall.Signal(s) {
	case syscall.SIGSTOP, syscall.SIGCHLD, syscall.SIGCONT, syscall.SIGURG:
		return false
	default:
		return true
	}
}

// String is the name without SIG, or the number of a signal that has no name.
func (s Signal) String() string {
	if name := unix.SignalName(syscall.Signal(s)); name != "" {
		return strings.TrimPrefix(name, "SIG")
	}
	return strconv.Itoa(int(s))
}

// Syntax is what UnmarshalText takes, in a few words.
func (Signal) Syntax() string { return "signal" }

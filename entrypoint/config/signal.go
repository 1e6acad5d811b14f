package config

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
			return fmt.Errorf("not a signal number from 1 to %d", signalMax)
		}
		*s = Signal(n)
		return nil
	}
	named := unix.SignalNum("SIG" + strings.TrimPrefix(strings.ToUpper(string(text)), "SIG"))
	if named == 0 {
		return errors.New("not a signal: a name as in TERM, or a number")
	}
	*s = Signal(named)
	return nil
}

// String is the name without SIG, or the number of a signal that has no name.
func (s Signal) String() string {
	if name := unix.SignalName(syscall.Signal(s)); name != "" {
		return strings.TrimPrefix(name, "SIG")
	}
	return strconv.Itoa(int(s))
}

func (Signal) syntax() string { return "signal" }

package self

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"time"
)

// Exit codes of percore itself; a worker's own code is passed on otherwise.
const (
	ExitOK       = 0
	ExitConfig   = 2  // the configuration, or what it asks of the machine, is not usable
	ExitInternal = 70 // EX_SOFTWARE of sysexits(3): a fault of percore
)

// Invocation is what the process was started with.
type Invocation struct {
	Name           string // base name that percore was called by
	Version        string // of percore
	Args           []string
	Environ        []string
	Stdout, Stderr io.Writer
	Signals        <-chan os.Signal
	Began          time.Time
}

// Variable is the value of an environment variable.
func (in Invocation) Variable(name string) string {
	for _, entry := range in.Environ {
		if value, is := strings.CutPrefix(entry, name+"="); is {
			return value
		}
	}
	return ""
}

// Wrote is the exit code of a word that has printed what it had to say. A reader that has gone, such as head, has
// what it wants.
func (in Invocation) Wrote(_ int, err error) int {
	if err == nil || errors.Is(err, syscall.EPIPE) {
		return ExitOK
	}
	fmt.Fprintln(in.Stderr, "percore:", err)
	return ExitInternal
}

// Refuse says what is wrong with how percore was started, and is the exit code for that.
func (in Invocation) Refuse(wrong any) int {
	fmt.Fprintln(in.Stderr, "percore:", wrong)
	return ExitConfig
}

package output

import (
	"bytes"
	"os"

	"golang.org/x/sys/unix"
)

const (
	// crashLinesMax is how many lines are told of what a process of percore's own wrote as it crashed: the cause is
	// in the first ones, and hundreds about goroutines follow.
	crashLinesMax = 4
	// crashBytesMax bounds them.
	crashBytesMax = 1 << 10
)

// OpenCrashFile makes a file in memory, into which Go's runtime writes how a process of percore's own crashed.
func OpenCrashFile() (*os.File, error) {
	fd, err := unix.MemfdCreate("crash", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	return os.NewFile(uintptr(fd), "crash"), nil
}

// CrashLines are the first lines of what was written there.
func CrashLines(file *os.File) []string {
	text := make([]byte, crashBytesMax)
	n, _ := file.ReadAt(text, 0) // the error is the end of the file, or there is nothing to tell
	return firstLines(text[:n])
}

// firstLines are the first that are not empty.
func firstLines(text []byte) (lines []string) {
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); len(line) > 0 && len(lines) < crashLinesMax {
			lines = append(lines, string(line))
		}
	}
	return lines
}

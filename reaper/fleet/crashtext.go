package fleet

import (
	"bytes"
	"log/slog"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

const (
	// crashLinesMax is how many lines are told of what a process of percore's own wrote as it crashed: the cause is in the first
	// ones, and hundreds about goroutines follow.
	crashLinesMax = 4
	// crashBytesMax bounds them.
	crashBytesMax = 1 << 10
)

// crashText gives the stderr of an incarnation that has another way to its log: a file in memory, into which only Go's runtime writes.
// Where there is none to be had it is percore's own stderr.
func (w *worker) crashText() *os.File {
	w.forgetCrash()
	fd, err := unix.MemfdCreate("crash", unix.MFD_CLOEXEC)
	if err != nil {
		return os.Stderr
	}
	w.crash = os.NewFile(uintptr(fd), "crash")
	return w.crash
}

// tellCrash tells the first lines of what an incarnation that has ended wrote there.
func (f *Fleet) tellCrash(w *worker, reason string) {
	if w.crash == nil {
		return
	}
	defer w.forgetCrash()
	text := make([]byte, crashBytesMax)
	n, _ := w.crash.ReadAt(text, 0) // the error is the end of the file, or there is nothing to tell
	if lines := firstLines(text[:n]); len(lines) > 0 {
		f.log.Info("last lines of a worker", slog.String("process", w.title), "reason", reason, "last_lines", strings.Join(lines, "\n"))
	}
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

func (w *worker) forgetCrash() {
	if w.crash != nil {
		w.crash.Close()
		w.crash = nil
	}
}

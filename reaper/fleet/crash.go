package fleet

import (
	"log/slog"
	"os"
	"strings"

	"percore/reaper/output"
)

// crashText gives the stderr of an incarnation that has another way to its log: a file in memory, into which only Go's runtime writes.
// Where there is none to be had it is percore's own stderr.
func (w *worker) crashText() *os.File {
	w.forgetCrash()
	file, err := output.OpenCrashFile()
	if err != nil {
		return os.Stderr
	}
	w.crash = file
	return file
}

// logCrashText tells the first lines of what an incarnation that has ended wrote there.
func (f *Fleet) logCrashText(w *worker, reason string) {
	if w.crash == nil {
		return
	}
	defer w.forgetCrash()
	if lines := output.CrashLines(w.crash); len(lines) > 0 {
		f.log.Info("last lines of a worker", slog.String("process", w.title), "reason", reason, "last_lines", strings.Join(lines, "\n"))
	}
}

func (w *worker) forgetCrash() {
	if w.crash != nil {
		w.crash.Close()
		w.crash = nil
	}
}

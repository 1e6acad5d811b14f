package fleet

import (
	"fmt"
	"strings"

	"percore/reaper/output"
)

// crashTail are the end of an incarnation that waits to be told with what it wrote last.
type crashTail struct {
	incarnation uint64
	reason      string
}

// noteCrashTail tells the last lines of a worker that ended without being asked to, when its pipes have been read to their end, or a
// moment later. Where they are in percore's own output anyway, nothing is said twice.
func (f *Fleet) noteCrashTail(w *worker, reason string) {
	if f.sinkOf(w, output.Stdout) == f.logs.Own(output.Stdout) && f.sinkOf(w, output.Stderr) == f.logs.Own(output.Stderr) {
		return
	}
	tail := &crashTail{incarnation: w.incarnation, reason: reason}
	w.crashTail = tail
	f.clock.Allow(flushMax, func() { f.logCrashTail(w, tail) })
	f.streamEnded(w, tail.incarnation)
}

// heard is for the end of a stream, and for an end of a worker whose streams have all ended before.
func (f *Fleet) streamEnded(w *worker, incarnation uint64) {
	for s, of := range f.streams {
		if of == w && s.Incarnation == incarnation {
			return
		}
	}
	if w.crashTail != nil && w.crashTail.incarnation == incarnation {
		f.logCrashTail(w, w.crashTail)
	}
}

// logCrashTail says it once; and not when the fleet ends by it, which is told in the same way.
func (f *Fleet) logCrashTail(w *worker, tail *crashTail) {
	if w.crashTail != tail {
		return
	}
	w.crashTail = nil
	if lines := w.tail.LinesOf(tail.incarnation, output.Stdout, output.Stderr); len(lines) > 0 && f.shutdown.phase == serving {
		f.log.Info("last lines of a worker", "process", w.title, "reason", tail.reason, "last_lines", strings.Join(lines, "\n"))
	}
}

// closingSentence says in one sentence why the fleet ended, with the program's own last words.
func (f *Fleet) closingSentence(w *worker) string {
	if f.result.Code == codeMisplaced && w.last.misplaced { // the reason is a sentence, and what a server said last is that it is well
		return fmt.Sprintf("fleet ended with code %d: %s", f.result.Code, f.result.Reason)
	}
	text := fmt.Sprintf("fleet ended with code %d: %s %s", f.result.Code, w.title, f.result.Reason)
	if !w.last.spawned {
		return text
	}
	for _, kind := range []output.Kind{output.Stderr, output.Stdout} { // the order between the two is by chance
		if said := output.LastSentence(w.tail.LinesOf(w.incarnation, kind)); said != "" {
			return text + ", and said last: " + said
		}
	}
	return text + ", without a word"
}

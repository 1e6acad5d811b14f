package fleet

import (
	"fmt"
	"strings"

	"percore/reaper/output"
)

// lastWords are the end of an incarnation that waits to be told with what it wrote last.
type lastWords struct {
	incarnation uint64
	reason      string
}

// mourn tells the last lines of a worker that ended without being asked to, when its pipes have been read to their end, or a
// moment later. Where they are in percore's own output anyway, nothing is said twice.
func (f *Fleet) mourn(w *worker, reason string) {
	if f.sinkOf(w, output.Stdout) == f.logs.Own(output.Stdout) && f.sinkOf(w, output.Stderr) == f.logs.Own(output.Stderr) {
		return
	}
	mourned := &lastWords{incarnation: w.incarnation, reason: reason}
	w.lastWords = mourned
	f.clock.Allow(flushMax, func() { f.quote(w, mourned) })
	f.heard(w, mourned.incarnation)
}

// heard is for the end of a stream, and for an end of a worker whose streams have all ended before.
func (f *Fleet) heard(w *worker, incarnation uint64) {
	for s, of := range f.streams {
		if of == w && s.Incarnation == incarnation {
			return
		}
	}
	if w.lastWords != nil && w.lastWords.incarnation == incarnation {
		f.quote(w, w.lastWords)
	}
}

// quote says it once; and not when the fleet ends by it, which is told in the same way.
func (f *Fleet) quote(w *worker, mourned *lastWords) {
	if w.lastWords != mourned {
		return
	}
	w.lastWords = nil
	if lines := w.tail.LinesOf(mourned.incarnation, output.Stdout, output.Stderr); len(lines) > 0 && f.shutdown.phase == serving {
		f.log.Info("last lines of a worker", "process", w.title, "reason", mourned.reason, "last_lines", strings.Join(lines, "\n"))
	}
}

// epitaph says in one sentence why the fleet ended, with the program's own last words.
func (f *Fleet) epitaph(w *worker) string {
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

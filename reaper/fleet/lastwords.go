package fleet

import (
	"fmt"
	"slices"
	"strings"
)

// lastWords are the end of an incarnation that waits to be told with what it wrote last.
type lastWords struct {
	incarnation uint64
	reason      string
}

// mourn tells the last lines of a worker that ended without being asked to, when its pipes have been read to their end, or a
// moment later. Where they are in percore's own output anyway, nothing is said twice.
func (f *Fleet) mourn(w *worker, reason string) {
	if f.sinkOf(w, stdout) == f.logs.own[stdout] && f.sinkOf(w, stderr) == f.logs.own[stderr] {
		return
	}
	mourned := &lastWords{incarnation: w.incarnation, reason: reason}
	w.lastWords = mourned
	f.clock.Allow(flushMax, func() { f.quote(w, mourned) })
	f.heard(w, mourned.incarnation)
}

// heard is for the end of a stream, and for an end of a worker whose streams have all ended before.
func (f *Fleet) heard(w *worker, incarnation uint64) {
	for _, s := range f.streams {
		if s.worker == w && s.incarnation == incarnation {
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
	if lines := w.tail.linesOf(mourned.incarnation, stdout, stderr); len(lines) > 0 && f.shutdown.phase == serving {
		f.log.Info("last lines of a worker", "process", w.title, "reason", mourned.reason, "last_lines", strings.Join(lines, "\n"))
	}
}

// lastSentenceMax is as much of a line, in bytes, as is repeated in a sentence.
const lastSentenceMax = 300

// sounds says whether a line tells why a program ends.
func sounds(line string) bool {
	line = strings.ToLower(line)
	return slices.ContainsFunc([]string{
		"error", "exception", "panic", "fatal", "cannot", "can't", "denied", "not found", "no such", "refused", "failed",
	}, func(word string) bool { return strings.Contains(line, word) })
}

// withoutEscapes is a line without what colours it: ESC, bracket, parameters, a letter (ECMA-48 section 5.4).
func withoutEscapes(line string) string {
	plain, rest, found := strings.Cut(line, "\x1b[")
	for found {
		end := strings.IndexFunc(rest, func(r rune) bool { return r >= '@' && r <= '~' })
		if end < 0 {
			break
		}
		var part string
		part, rest, found = strings.Cut(rest[end+1:], "\x1b[")
		plain += part
	}
	return plain
}

// lastSentence is the line that says most of why a program has ended: the last one that is not indented and sounds like it, as tracebacks end
// with it and frames of a stack follow it; else the last that says anything.
func lastSentence(lines []string) string {
	last := ""
	for _, line := range slices.Backward(lines) {
		line = strings.TrimRight(withoutEscapes(line), " \t\r")
		if last == "" {
			last = strings.TrimSpace(line)
		}
		if sounds(line) && line[0] != ' ' && line[0] != '\t' {
			last = line
			break
		}
	}
	if len(last) > lastSentenceMax {
		last = strings.ToValidUTF8(last[:lastSentenceMax], "") + "…"
	}
	return last
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
	for _, kind := range []streamKind{stderr, stdout} { // the order between the two is by chance
		if said := lastSentence(w.tail.linesOf(w.incarnation, kind)); said != "" {
			return text + ", and said last: " + said
		}
	}
	return text + ", without a word"
}

package output

import (
	"bytes"
	"slices"
	"strings"
	"sync"
)

// tailLinesMax is how much of a worker's output is repeated when it has ended the container: a traceback, not a log.
const tailLinesMax = 20

// Tail keeps the end of what a worker wrote, over all of its incarnations: each stream by itself, for `percore tail`,
// and the places of the last lines of both, in the order in which they came.
type Tail struct {
	mu      sync.Mutex // guards the rest: two streams write, any goroutine reads
	streams [Kinds]ring
	began   [Kinds]uint64 // where the line that is not over yet begins
	writer  [Kinds]uint64 // which incarnation wrote last
	cleared [Kinds]uint64 // what was before is not shown any more
	last    []span        // at most tailLinesMax
	wake    chan struct{} // closed at the next byte; nil when nothing waits
}

// span is a line without its end.
type span struct {
	kind        Kind
	incarnation uint64 // that wrote it
	from, to    uint64
}

// keep never waits for a reader. What an incarnation has left in its pipe may come when its successor has written
// already.
func (t *Tail) keep(kind Kind, incarnation uint64, p []byte) {
	if len(p) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	base := t.streams[kind].end
	if t.writer[kind] != incarnation {
		if part := t.part(kind); part.from < part.to { // it ends here, and the line of another begins
			t.note(part)
		}
		t.writer[kind], t.began[kind] = incarnation, base
	}
	t.streams[kind].write(p)
	for line := lastLines(p); ; {
		end := bytes.IndexByte(p[line:], '\n')
		if end < 0 {
			break
		}
		from := base + uint64(line)
		if line == 0 {
			from = t.began[kind]
		}
		t.note(span{kind: kind, incarnation: incarnation, from: from, to: base + uint64(line+end)})
		line += end + 1
		t.began[kind] = base + uint64(line)
	}
	if t.wake != nil {
		close(t.wake)
		t.wake = nil
	}
}

// lastLines is the index in p after which there are at most tailLinesMax line ends: the lines before are not looked
// at.
func lastLines(p []byte) int {
	at := len(p)
	for range tailLinesMax + 1 {
		at = bytes.LastIndexByte(p[:at], '\n')
		if at < 0 {
			return 0
		}
	}
	return at + 1
}

func (t *Tail) note(line span) {
	if len(t.last) == tailLinesMax {
		t.last = append(t.last[:0], t.last[1:]...)
	}
	t.last = append(t.last, line)
}

// part is the line of a stream that is not over yet.
func (t *Tail) part(kind Kind) span {
	return span{kind: kind, incarnation: t.writer[kind], from: t.began[kind], to: t.streams[kind].end}
}

// Lines gives the last lines of both streams, without their ends, lines that are not over yet at the end. A line of
// which only a part was kept is left out, unless it is all there is.
func (t *Tail) Lines() []string { return t.LinesOf(anyIncarnation, Stdout, Stderr) }

// anyIncarnation stands for all of them; they are numbered from 1.
const anyIncarnation = 0

// LinesOf gives those that one incarnation wrote to some streams.
func (t *Tail) LinesOf(incarnation uint64, kinds ...Kind) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	spans := t.last
	for kind := range Kinds {
		if part := t.part(kind); part.from < part.to {
			spans = append(spans[:len(spans):len(spans)], part)
		}
	}
	var whole []string
	var part string
	for _, s := range spans {
		if incarnation != anyIncarnation && s.incarnation != incarnation || !slices.Contains(kinds, s.kind) {
			continue
		}
		text := strings.TrimSuffix(string(t.streams[s.kind].read(s.from, s.to)), "\r")
		if s.from < t.streams[s.kind].start() {
			part = text
			continue
		}
		whole = append(whole, text)
	}
	if len(strings.Join(whole, "")) == 0 {
		whole = nil
	}
	if whole == nil && part != "" {
		return []string{part}
	}
	return whole[max(0, len(whole)-tailLinesMax):]
}

// Read gives at most bytesMax bytes of a stream from a position on, or that many before its end when it is below 0,
// the position after them, and a channel that is closed when there are more.
func (t *Tail) Read(kind Kind, from int64, bytesMax int) (data []byte, next int64, wake <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := &t.streams[kind]
	if from < 0 {
		from += int64(r.end)
	}
	start := max(uint64(max(from, 0)), r.start(), t.cleared[kind])
	data = r.read(start, start+uint64(bytesMax))
	if t.wake == nil {
		t.wake = make(chan struct{})
	}
	return data, int64(start) + int64(len(data)), t.wake
}

// Clear makes Read forget what there is. Lines still gives it.
func (t *Tail) Clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for kind := range Kinds {
		t.cleared[kind] = t.streams[kind].end
	}
}

// Package accesslog is what is written down of each request: in the access log, in one of two forms. It knows neither
// loop nor exchange: an exchange that has ended fills a [Record], and each loop has a [Writer] that collects the
// lines of one turn for the [Log], which one goroutine writes out. Nothing of it allocates once it is warm, and a
// reader that stalls costs lines, never a request. Begin reading at [Writer.Write].
package accesslog

import (
	"bytes"
	"io"
	"log/slog"
	"sync"
)

const (
	// accessBytesMax is how many bytes of lines may wait for the writer; what comes on top is dropped and counted.
	bytesMax = 2 << 20
	// accessTurnBytes is when a loop hands its lines over before its turn ends.
	turnBytes = 32 << 10
	// accessKeptBytes is the most that is kept for the next lines once those that waited are out.
	keptBytes = 256 << 10
)

// Log writes the access lines of all loops. A reader that stalls costs lines, never a request.
type Log struct {
	out     io.Writer
	notes   *slog.Logger  // where it is said that lines were dropped
	news    chan struct{} // there may be lines that wait
	mu      sync.Mutex    // guards the rest; held for a copy of a turn's lines
	waiting []byte
	spare   []byte // what was written last, for its room
	dropped uint64 // lines, since it was said last
}

// NewLog makes a log that writes its lines to out, and to notes that there was no room for some.
func NewLog(out io.Writer, notes *slog.Logger) *Log {
	return &Log{out: out, notes: notes, news: make(chan struct{}, 1)}
}

// Run writes lines until stop, then what is left.
func (a *Log) Run(stop <-chan struct{}) {
	for {
		select {
		case <-a.news:
			a.write()
		case <-stop:
			a.write()
			return
		}
	}
}

// write writes all that waits.
func (a *Log) write() {
	b, dropped := a.take()
	if len(b) > 0 {
		// An error here has nowhere to go: the log itself is what is broken. The next lines are tried again.
		_, _ = a.out.Write(b)
	}
	if dropped > 0 {
		a.notes.Warn("access log lines dropped", "count", dropped)
	}
	if cap(b) <= keptBytes {
		a.mu.Lock()
		a.spare = b[:0]
		a.mu.Unlock()
	}
}

func (a *Log) take() (b []byte, dropped uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	b, dropped = a.waiting, a.dropped
	a.waiting, a.spare, a.dropped = a.spare, nil, 0
	return b, dropped
}

// add takes over the lines in b, or drops them when the writer is too far behind.
func (a *Log) add(b []byte, lines uint64) {
	a.mu.Lock()
	if len(a.waiting)+len(b) <= bytesMax {
		a.waiting = append(a.waiting, b...)
	} else {
		a.dropped += lines
	}
	a.mu.Unlock()
	select {
	case a.news <- struct{}{}:
	default:
	}
}

// Form is the form of the lines.
type Form string

// The forms of the lines.
const (
	Off      Form = "off"
	Combined Form = "combined" // nginx's and Apache's "combined" format
	JSON     Form = "json"     // one object a line
)

// Writer collects one loop's lines of one turn. It is off at first.
type Writer struct {
	log     *Log
	form    Form
	share   float64  // of the requests without trouble that leave a line
	due     float64  // how many of these are due; one is written at 1
	exclude []string // paths of requests that leave none
	b       []byte
	lines   uint64
}

// NewWriter makes a loop's end of the log.
func NewWriter(a *Log) *Writer { return &Writer{log: a, form: Off} }

// Configure sets the form of the lines from now on, the share of the requests without trouble that leave one, and the
// paths of which none does; `/folder/` stands for all below it.
func (w *Writer) Configure(form Form, share float64, exclude []string) {
	w.form, w.share, w.exclude = form, share, exclude
}

// IsOn reports whether there are lines at all.
func (w *Writer) IsOn() bool { return w.form == Combined || w.form == JSON }

// Write adds the line for a request that has ended, unless it is to leave none.
func (w *Writer) Write(r *Record) {
	if !w.IsOn() || !w.wants(r) {
		return
	}
	if w.form == JSON {
		w.b = appendJSONLine(w.b, r)
	} else {
		w.b = appendCombinedLine(w.b, r)
	}
	w.lines++
	if len(w.b) >= turnBytes {
		w.Flush()
	}
}

// wants reports whether a request leaves a line. Trouble always does.
func (w *Writer) wants(r *Record) bool {
	if r.isTrouble() {
		return true
	}
	if r.Head.excluded {
		return false
	}
	w.due += w.share
	if w.due < 1 {
		return false
	}
	w.due--
	return true
}

// excludes reports whether requests for a target in origin-form leave no line as long as there is no trouble.
func (w *Writer) excludes(origin []byte) bool {
	if len(w.exclude) == 0 {
		return false
	}
	path, _, _ := bytes.Cut(origin, []byte("?"))
	if len(path) == 0 { // an absolute-form target without one
		path = []byte("/")
	}
	for _, p := range w.exclude {
		if string(path) == p || p[len(p)-1] == '/' && len(path) > len(p) && string(path[:len(p)]) == p {
			return true
		}
	}
	return false
}

// Flush hands the collected lines over.
func (w *Writer) Flush() {
	if len(w.b) == 0 {
		return
	}
	w.log.add(w.b, w.lines)
	w.b, w.lines = w.b[:0], 0
}

package lbproxy

import (
	"bytes"
	"io"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"percore/lbproxy/buffer"
	"percore/lbproxy/http1"
)

const (
	// accessBytesMax is how many bytes of lines may wait for the writer; what comes on top is dropped and counted.
	accessBytesMax = 2 << 20
	// accessTurnBytes is when a loop hands its lines over before its turn ends.
	accessTurnBytes = 32 << 10
	// accessKeptBytes is the most that is kept for the next lines once those that waited are out.
	accessKeptBytes = 256 << 10
)

// accessLog writes the access lines of all loops. A reader that stalls costs lines, never a request.
type accessLog struct {
	out     io.Writer
	notes   *slog.Logger  // where it is said that lines were dropped
	news    chan struct{} // there may be lines that wait
	mu      sync.Mutex    // guards the rest; held for a copy of a turn's lines
	waiting []byte
	spare   []byte // what was written last, for its room
	dropped uint64 // lines, since it was said last
}

func newAccessLog(out io.Writer, notes *slog.Logger) *accessLog {
	return &accessLog{out: out, notes: notes, news: make(chan struct{}, 1)}
}

// run writes lines until stop, then what is left.
func (a *accessLog) run(stop <-chan struct{}) {
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
func (a *accessLog) write() {
	b, dropped := a.take()
	if len(b) > 0 {
		// An error here has nowhere to go: the log itself is what is broken. The next lines are tried again.
		_, _ = a.out.Write(b)
	}
	if dropped > 0 {
		a.notes.Warn("access log lines dropped", "count", dropped)
	}
	if cap(b) <= accessKeptBytes {
		a.mu.Lock()
		a.spare = b[:0]
		a.mu.Unlock()
	}
}

func (a *accessLog) take() (b []byte, dropped uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	b, dropped = a.waiting, a.dropped
	a.waiting, a.spare, a.dropped = a.spare, nil, 0
	return b, dropped
}

// add takes over the lines in b, or drops them when the writer is too far behind.
func (a *accessLog) add(b []byte, lines uint64) {
	a.mu.Lock()
	if len(a.waiting)+len(b) <= accessBytesMax {
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

// writer makes a loop's end of the log, which is off at first.
func (a *accessLog) writer() *accessWriter { return &accessWriter{log: a} }

// accessWriter collects a loop's lines of one turn.
type accessWriter struct {
	log      *accessLog
	on, json bool
	share    float64  // of the requests without trouble that leave a line
	due      float64  // how many of these are due; one is written at 1
	exclude  []string // paths of requests that leave none
	b        []byte
	lines    uint64
}

// use sets which lines there are from now on, and in which form.
func (w *accessWriter) use(o *Options) {
	w.on, w.json = o.AccessLog != AccessLogOff && o.AccessLog != "", o.AccessLog == AccessLogJSON
	w.share, w.exclude = o.AccessLogSample, o.AccessLogExclude
}

// wants tells whether an exchange that has ended leaves a line. Trouble always does.
func (w *accessWriter) wants(x *exchange) bool {
	if x.status >= 400 || x.why != causeNone {
		return true
	}
	if x.line.excluded {
		return false
	}
	w.due += w.share
	if w.due < 1 {
		return false
	}
	w.due--
	return true
}

// excludes tells whether requests for a target in origin-form leave no line as long as there is no trouble.
func (w *accessWriter) excludes(origin []byte) bool {
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

// flush hands the collected lines over.
func (w *accessWriter) flush() {
	if len(w.b) == 0 {
		return
	}
	w.log.add(w.b, w.lines)
	w.b, w.lines = w.b[:0], 0
}

// logLine is what the log needs of a request's head, copied to a buffer of its own because the head's is used again.
type logLine struct {
	b                                 []byte
	method, target, host, referer, ua int // ends in b; behind them stands the request's id
	excluded                          bool
}

// How much of what a client says one line has, in bytes before escaping: enough for people, too little for a client to fill
// the log. With the method, which has 32 bytes at most, it is one of the smallest buffers.
const (
	loggedTargetBytes = 1536
	loggedHostBytes   = 256
	loggedFieldBytes  = 1024
	loggedIDBytes     = 128
)

// note copies what the access line will need from the head in r.
func (w *accessWriter) note(p *buffer.Pool, x *exchange, r *http1.Request) {
	if !w.on {
		return
	}
	var referer, ua, id []byte
	for i := range r.Fields {
		switch f := &r.Fields[i]; f.ID {
		case http1.FieldReferer:
			referer = f.Value
		case http1.FieldUserAgent:
			ua = f.Value
		case http1.FieldXRequestID:
			id = f.Value
		default:
		}
	}
	method, target, host := r.Method, cut(r.Target, loggedTargetBytes), cut(r.Host, loggedHostBytes)
	referer, ua, id = cut(referer, loggedFieldBytes), cut(ua, loggedFieldBytes), cut(id, loggedIDBytes)
	n := &x.line
	p.Put(n.b)
	n.excluded = w.excludes(r.Origin)
	n.b = append(p.Get(len(method)+len(target)+len(host)+len(referer)+len(ua)+len(id)), method...)
	n.method = len(n.b)
	n.b = append(n.b, target...)
	n.target = len(n.b)
	n.b = append(n.b, host...)
	n.host = len(n.b)
	n.b = append(n.b, referer...)
	n.referer = len(n.b)
	n.b = append(n.b, ua...)
	n.ua = len(n.b)
	n.b = append(n.b, id...)
}

func cut(b []byte, most int) []byte { return b[:min(len(b), most)] }

// write adds the line for an exchange that has ended.
func (w *accessWriter) write(l *loop, x *exchange) {
	if !w.on || !w.wants(x) {
		return
	}
	if w.json {
		w.b = appendJSONLine(w.b, l, x)
	} else {
		w.b = appendCombinedLine(w.b, x)
	}
	w.lines++
	if len(w.b) >= accessTurnBytes {
		w.flush()
	}
}

// appendCombinedLine writes nginx's and Apache's "combined" format.
func appendCombinedLine(b []byte, x *exchange) []byte {
	n := &x.line
	b = x.client.AppendAddress(b)
	b = append(b, " - - ["...)
	b = time.Now().AppendFormat(b, "02/Jan/2006:15:04:05 -0700")
	b = append(b, `] "`...)
	if n.method > 0 {
		b = appendEscaped(b, n.b[:n.method])
		b = append(b, ' ')
		b = appendEscaped(b, n.b[n.method:n.target])
		b = append(b, " HTTP/1."...)
		b = append(b, '0'+x.writer.minor)
	}
	b = append(b, `" `...)
	b = strconv.AppendInt(b, int64(x.status), 10)
	b = append(b, ' ')
	b = strconv.AppendInt(b, x.writer.bodyBytes, 10)
	b = appendQuotedOrDash(b, n.b[n.host:n.referer])
	b = appendQuotedOrDash(b, n.b[n.referer:n.ua])
	return append(b, '\n')
}

func appendQuotedOrDash(b, value []byte) []byte {
	b = append(b, ` "`...)
	if len(value) == 0 {
		b = append(b, '-')
	}
	b = appendEscaped(b, value)
	return append(b, '"')
}

// appendEscaped writes a client's bytes so that they can end neither a quoted string nor a line, in a form that JSON
// reads too.
func appendEscaped(b, value []byte) []byte {
	const hex = "0123456789abcdef"
	for _, v := range value {
		switch {
		case v == '"' || v == '\\':
			b = append(b, '\\', v)
		case v < 0x20 || v >= 0x7f:
			b = append(b, '\\', 'u', '0', '0', hex[v>>4], hex[v&15])
		default:
			b = append(b, v)
		}
	}
	return b
}

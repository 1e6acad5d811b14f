package lbproxy

import (
	"io"
	"log/slog"
	"strconv"
	"sync/atomic"
	"time"

	"percore/lbproxy/http1"
)

const (
	// accessBatches is how many batches of lines may wait for the writer; what comes on top is dropped and counted.
	accessBatches = 64
	// accessBatchBytes is when a batch is handed over before its turn ends.
	accessBatchBytes = 32 << 10
)

// accessLog writes the access lines of all loops. A reader that stalls costs lines, never a request.
type accessLog struct {
	out     io.Writer
	notes   *slog.Logger // where it is said that lines were dropped
	full    chan []byte
	empty   chan []byte
	dropped atomic.Uint64
}

func newAccessLog(out io.Writer, notes *slog.Logger) *accessLog {
	return &accessLog{out: out, notes: notes, full: make(chan []byte, accessBatches), empty: make(chan []byte, accessBatches)}
}

// run writes batches until stop, then what is left.
func (a *accessLog) run(stop <-chan struct{}) {
	for {
		select {
		case b := <-a.full:
			a.write(b)
		case <-stop:
			for len(a.full) > 0 {
				a.write(<-a.full)
			}
			return
		}
	}
}

func (a *accessLog) write(b []byte) {
	// An error here has nowhere to go: the log itself is what is broken. The next batch is tried again.
	_, _ = a.out.Write(b)
	if n := a.dropped.Swap(0); n > 0 {
		a.notes.Warn("access log lines dropped", "count", n)
	}
	select {
	case a.empty <- b[:0]:
	default:
	}
}

// writer makes a loop's end of the log, which is off at first.
func (a *accessLog) writer() *accessWriter { return &accessWriter{log: a} }

// accessWriter collects a loop's lines of one turn.
type accessWriter struct {
	log      *accessLog
	on, json bool
	b        []byte
	lines    uint64
}

// use sets the form of the lines from now on.
func (w *accessWriter) use(form AccessLog) {
	w.on, w.json = form != AccessLogOff && form != "", form == AccessLogJSON
}

// flush hands the collected lines over, or drops them when the writer is too far behind.
func (w *accessWriter) flush() {
	if len(w.b) == 0 {
		return
	}
	select {
	case w.log.full <- w.b:
		select {
		case w.b = <-w.log.empty:
		default:
			w.b = nil
		}
	default:
		w.log.dropped.Add(w.lines)
		w.b = w.b[:0]
	}
	w.lines = 0
}

// logLine is what the log needs of a request's head, copied to a buffer of its own because the head's is used again.
type logLine struct {
	b                                 []byte
	method, target, host, referer, ua int // ends in b; behind them stands the request's id
}

// How much of what a client says one line has, in bytes before escaping: enough for people, too little for a client to fill
// the log or the buffers on the way there.
const (
	loggedTargetBytes = 2048
	loggedHostBytes   = 256
	loggedFieldBytes  = 1024
	loggedIDBytes     = 128
)

// note copies what the access line will need from the head in r.
func (w *accessWriter) note(p *buffers, x *exchange, r *http1.Request) {
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
	n.b = append(p.get(len(method)+len(target)+len(host)+len(referer)+len(ua)+len(id)), method...)
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
	if !w.on {
		return
	}
	if w.json {
		w.b = appendJSONLine(w.b, l, x)
	} else {
		w.b = appendCombinedLine(w.b, x)
	}
	w.lines++
	if len(w.b) >= accessBatchBytes {
		w.flush()
	}
}

// appendCombinedLine writes nginx's and Apache's "combined" format.
func appendCombinedLine(b []byte, x *exchange) []byte {
	n := &x.line
	b = x.client.appendAddress(b)
	b = append(b, " - - ["...)
	b = time.Now().AppendFormat(b, "02/Jan/2006:15:04:05 -0700")
	b = append(b, `] "`...)
	if n.method > 0 {
		b = appendEscaped(b, n.b[:n.method])
		b = append(b, ' ')
		b = appendEscaped(b, n.b[n.method:n.target])
		b = append(b, " HTTP/1."...)
		b = append(b, '0'+x.minor)
	}
	b = append(b, `" `...)
	b = strconv.AppendInt(b, int64(x.status), 10)
	b = append(b, ' ')
	b = strconv.AppendInt(b, x.bytesOut, 10)
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

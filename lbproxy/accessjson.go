package lbproxy

import (
	"strconv"
	"time"
)

// triesNoted is how many tries of one exchange the log has the statuses of.
const triesNoted = 4

// traces are what the access log has on an exchange beyond what serving it takes. Times are on the loop's clock, in
// nanoseconds; 0 is never.
type traces struct {
	headNanos      int64 // the request's head was complete
	connectNanos   int64 // the last connect began
	connectedNanos int64 // and ended
	firstNanos     int64 // the answer's head was complete
	why            cause
	refusal        string             // the codec's words, where why is causeBadRequest
	statuses       [triesNoted]uint16 // of each try; for one that failed what its failure alone would have been answered with
	reused         bool               // the last try went over a kept connection
}

// noteTry keeps the status that the current try came to.
func (x *exchange) noteTry(status int) {
	if n := int(x.tries); n > 0 && n <= triesNoted {
		x.statuses[n-1] = uint16(status)
	}
}

// appendJSONLine writes one object: times in milliseconds, sizes in bytes. What does not apply is left out.
func appendJSONLine(b []byte, l *loop, x *exchange) []byte {
	b = append(b, `{"ts":"`...)
	b = time.Now().UTC().AppendFormat(b, "2006-01-02T15:04:05.000Z")
	b = append(b, `","client":"`...)
	b = x.client.appendAddress(b)
	b = append(b, `","remote":"`...)
	b = l.conns.at(x.downstream).peer.appendAddress(b)
	b = appendJSONRequest(b, x)
	b = append(b, `,"status":`...)
	b = strconv.AppendInt(b, int64(x.status), 10)
	b = appendJSONNumber(b, "req_bytes", x.body.total)
	b = appendJSONNumber(b, "resp_bytes", x.bytesOut)
	b = appendJSONTimes(b, l, x)
	b = appendJSONTries(b, x)
	b = appendJSONCause(b, x)
	b = append(b, `,"referer":"`...)
	b = appendEscaped(b, x.line.b[x.line.host:x.line.referer])
	b = appendJSONString(b, "ua", x.line.b[x.line.referer:x.line.ua])
	if id := x.line.b[x.line.ua:]; len(id) > 0 {
		b = appendJSONString(b, "request_id", id)
	}
	return append(b, '"', '}', '\n')
}

func appendJSONRequest(b []byte, x *exchange) []byte {
	n := &x.line
	b = appendJSONString(b, "method", n.b[:n.method])
	b = appendJSONString(b, "target", n.b[n.method:n.target])
	b = append(b, `","proto":"`...)
	if n.method > 0 { // else there was no request line that says so
		b = append(append(b, "HTTP/1."...), '0'+x.minor)
	}
	b = appendJSONString(b, "host", n.b[n.target:n.host])
	return append(b, '"')
}

// appendJSONTimes has each span from the exchange's first byte on, and connect as a span of its own.
func appendJSONTimes(b []byte, l *loop, x *exchange) []byte {
	b = appendJSONMillis(b, "dur_ms", l.nowNanos-x.startedNanos)
	if x.headNanos != 0 {
		b = appendJSONMillis(b, "head_ms", x.headNanos-x.startedNanos)
	}
	if x.parkedNanos != 0 {
		b = appendJSONMillis(b, "queue_ms", x.queuedNanos)
	}
	if x.connectedNanos != 0 {
		b = appendJSONMillis(b, "connect_ms", x.connectedNanos-x.connectNanos)
	}
	if x.firstNanos != 0 {
		b = appendJSONMillis(b, "first_ms", x.firstNanos-x.startedNanos)
	}
	return b
}

// appendJSONTries says which worker had the request last, and what came of each try.
func appendJSONTries(b []byte, x *exchange) []byte {
	b = append(b, `,"worker":"`...)
	if x.last != nil {
		b = append(b, x.last.Name...)
	}
	b = append(b, '"')
	if x.last != nil && x.last.PID > 0 {
		b = appendJSONNumber(b, "pid", int64(x.last.PID))
	}
	b = append(b, `,"attempts":`...)
	b = strconv.AppendInt(b, int64(x.tries), 10)
	if x.tries == 0 {
		return b
	}
	b = append(b, `,"upstream_status":[`...)
	for i := range min(int(x.tries), triesNoted) {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendUint(b, uint64(x.statuses[i]), 10)
	}
	b = append(b, `],"reused":`...)
	return strconv.AppendBool(b, x.reused)
}

// appendJSONCause says what ended an exchange that did not end well, and whose side that was on.
func appendJSONCause(b []byte, x *exchange) []byte {
	if x.why == causeNone {
		return b
	}
	reason := x.refusal
	if reason == "" {
		reason = outcomes[x.why].reason
	}
	b = append(b, `,"cause":"`...)
	b = append(b, reason...)
	b = append(b, `","side":"`...)
	b = append(b, outcomes[x.why].side.String()...)
	return append(b, '"')
}

// appendJSONString ends the string before it and begins another member.
func appendJSONString(b []byte, name string, value []byte) []byte {
	b = append(b, `","`...)
	b = append(b, name...)
	b = append(b, `":"`...)
	return appendEscaped(b, value)
}

func appendJSONNumber(b []byte, name string, n int64) []byte {
	b = append(b, `,"`...)
	b = append(b, name...)
	b = append(b, `":`...)
	return strconv.AppendInt(b, n, 10)
}

// appendJSONMillis writes a span in milliseconds with three decimals.
func appendJSONMillis(b []byte, name string, nanos int64) []byte {
	micros := max(0, nanos) / int64(time.Microsecond)
	b = appendJSONNumber(b, name, micros/1000)
	part := micros % 1000
	return append(b, '.', byte('0'+part/100), byte('0'+part/10%10), byte('0'+part%10))
}

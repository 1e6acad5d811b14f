package lbproxy

import (
	"bytes"
	"strconv"
	"time"

	"percore/lbproxy/client"
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
	refusal        string             // what was wrong with the message, where the cause alone does not say it
	statuses       [triesNoted]uint16 // of each try; for one that failed what its failure alone would have been answered with
	reused         bool               // the last try went over a kept connection
	https          bool               // the client's scheme, as far as a trusted proxy says so
}

// noteTry keeps the status that the current try came to.
func (x *exchange) noteTry(status int) {
	if n := int(x.wait.Tries); n > 0 && n <= triesNoted {
		x.statuses[n-1] = uint16(status)
	}
}

// appendJSONLine writes one object in the schema of all of percore's JSON lines (docs/logs.md). Requests and answers have
// OpenTelemetry's names of the stable HTTP conventions; what these do not know is called percore's. What does not apply is left out.
func appendJSONLine(b []byte, l *loop, x *exchange) []byte {
	b = append(b, `{"time":"`...)
	b = time.Now().UTC().AppendFormat(b, "2006-01-02T15:04:05.000Z")
	b = append(b, `","level":"INFO","msg":"request","process":"percore:front`...)
	b = appendJSONRequest(b, l, x)
	b = appendJSONNumber(b, "http.response.status_code", int64(x.status))
	b = appendJSONNumber(b, "http.request.body.size", x.body.total)
	b = appendJSONNumber(b, "http.response.body.size", x.writer.bodyBytes)
	b = appendJSONTimes(b, l, x)
	b = appendJSONTries(b, x)
	b = appendJSONCause(b, x)
	if id := x.line.b[x.line.ua:]; len(id) > 0 {
		b = append(b, `,"request_id":"`...)
		b = append(appendEscaped(b, id), '"')
	}
	return append(b, '}', '\n')
}

// appendJSONRequest says who asked for what, after a string that it ends.
func appendJSONRequest(b []byte, l *loop, x *exchange) []byte {
	n := &x.line
	b = append(b, `","client.address":"`...)
	b = x.client.AppendAddress(b)
	b = append(b, `","network.peer.address":"`...)
	b = l.conns.at(x.downstream).peer.AppendAddress(b)
	b = appendJSONString(b, "http.request.method", n.b[:n.method])
	b = append(b, `","url.scheme":"`...)
	if x.https {
		b = append(b, client.SchemeHTTPS...)
	} else {
		b = append(b, client.SchemeHTTP...)
	}
	path, query, asked := bytes.Cut(originOf(n.b[n.method:n.target]), []byte("?"))
	b = appendJSONString(b, "url.path", path)
	if asked {
		b = appendJSONString(b, "url.query", query)
	}
	if n.method > 0 { // else there was no request line that says so
		b = append(append(b, `","network.protocol.version":"1.`...), '0'+x.writer.minor)
	}
	b = appendJSONHost(b, n.b[n.target:n.host])
	if referer := n.b[n.host:n.referer]; len(referer) > 0 {
		b = append(b, `,"http.request.header.referer":["`...)
		b = append(appendEscaped(b, referer), '"', ']')
	}
	if ua := n.b[n.referer:n.ua]; len(ua) > 0 {
		b = append(b, `,"user_agent.original":"`...)
		b = append(appendEscaped(b, ua), '"')
	}
	return b
}

// originOf cuts scheme and host off a target in absolute-form (RFC 9112 section 3.2.2); they are told by others.
func originOf(target []byte) []byte {
	if len(target) == 0 || target[0] == '/' {
		return target
	}
	_, rest, absolute := bytes.Cut(target, []byte("://"))
	if !absolute {
		return target
	}
	if at := bytes.IndexAny(rest, "/?"); at >= 0 {
		return rest[at:]
	}
	return nil
}

// appendJSONHost writes the host that was asked for, without the brackets of an IPv6 address, and its port where the
// client named one.
func appendJSONHost(b, host []byte) []byte {
	port := client.PortIn(host)
	name := host
	if len(port) > 0 {
		name = host[:len(host)-len(port)-len(":")]
	}
	name = bytes.TrimSuffix(bytes.TrimPrefix(name, []byte("[")), []byte("]"))
	b = append(appendJSONString(b, "server.address", name), '"')
	if len(port) == 0 { // of which an error would be made
		return b
	}
	if number, ok := client.ParsePort(port); ok {
		b = appendJSONNumber(b, "server.port", int64(number))
	}
	return b
}

// appendJSONTimes has the whole in milliseconds, and its parts in seconds: head, queue and first byte from the exchange's
// first byte on, connect as a span of its own.
func appendJSONTimes(b []byte, l *loop, x *exchange) []byte {
	b = appendJSONDecimal(b, "duration_ms", l.nowNanos-x.wait.Since, time.Millisecond)
	if x.headNanos != 0 {
		b = appendJSONSeconds(b, "percore.head_seconds", x.headNanos-x.wait.Since)
	}
	if x.parkedNanos != 0 {
		b = appendJSONSeconds(b, "percore.queue_seconds", x.queuedNanos)
	}
	if x.connectedNanos != 0 {
		b = appendJSONSeconds(b, "percore.connect_seconds", x.connectedNanos-x.connectNanos)
	}
	if x.firstNanos != 0 {
		b = appendJSONSeconds(b, "percore.first_byte_seconds", x.firstNanos-x.wait.Since)
	}
	return b
}

// appendJSONTries says which worker had the request last, and what came of each try.
func appendJSONTries(b []byte, x *exchange) []byte {
	if x.last != nil {
		b = append(b, `,"worker":"`...)
		b = append(append(b, x.last.Name...), '"')
	}
	if x.last != nil && x.last.PID > 0 {
		b = appendJSONNumber(b, "pid", int64(x.last.PID))
	}
	if x.wait.Tries == 0 {
		return b
	}
	b = appendJSONNumber(b, "retries", int64(x.wait.Tries-1))
	b = append(b, `,"percore.upstream_status":[`...)
	for i := range min(int(x.wait.Tries), triesNoted) {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendUint(b, uint64(x.statuses[i]), 10)
	}
	b = append(b, `],"percore.connection_reused":`...)
	return strconv.AppendBool(b, x.reused)
}

// appendJSONCause says what ended an exchange that did not end well: in one word, on whose side, and in words for people.
func appendJSONCause(b []byte, x *exchange) []byte {
	if x.why == causeNone {
		return b
	}
	reason := x.reason(x.why)
	b = append(b, `,"percore.reason":"`...)
	b = append(b, x.reasonName()...)
	b = append(b, `","percore.side":"`...)
	b = append(b, outcomes[x.why].side.String()...)
	b = append(b, `","err":"`...)
	return append(append(b, reason...), '"')
}

// reasonName is the one word for what ended an exchange. A refused head shares a cause with what is malformed in other
// ways, yet has a remedy of its own.
func (x *exchange) reasonName() string {
	if x.why == causeBadRequest && (x.status == statusURITooLong || x.status == statusHeadTooLarge) {
		return "head_too_large"
	}
	return outcomes[x.why].name
}

const (
	statusURITooLong   = 414
	statusHeadTooLarge = 431
)

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

// appendJSONSeconds writes a span in seconds, to the microsecond.
func appendJSONSeconds(b []byte, name string, nanos int64) []byte {
	return appendJSONDecimal(b, name, nanos, time.Second)
}

// appendJSONDecimal writes a span in the given unit, milliseconds or seconds, to the microsecond.
func appendJSONDecimal(b []byte, name string, nanos int64, unit time.Duration) []byte {
	micros, perUnit := max(0, nanos)/int64(time.Microsecond), int64(unit/time.Microsecond)
	b = append(appendJSONNumber(b, name, micros/perUnit), '.')
	for part, digit := micros%perUnit, perUnit/10; digit > 0; digit /= 10 {
		b = append(b, byte('0'+part/digit%10))
	}
	return b
}

package accesslog

import (
	"bytes"
	"strconv"
	"time"

	"percore/lbproxy/client"
)

// appendJSONLine writes one object in the schema of all of percore's JSON lines (docs/logs.md). Requests and
// responses have OpenTelemetry's names of the stable HTTP conventions; what these do not know is called percore's.
// What does not apply is left out.
func appendJSONLine(b []byte, r *Record) []byte {
	b = append(b, `{"time":"`...)
	b = time.Now().UTC().AppendFormat(b, "2006-01-02T15:04:05.000Z")
	b = append(b, `","level":"INFO","msg":"request","process":"percore:front`...)
	b = appendJSONRequest(b, r)
	b = appendJSONNumber(b, "http.response.status_code", int64(r.Status))
	b = appendJSONNumber(b, "http.request.body.size", r.RequestBytes)
	b = appendJSONNumber(b, "http.response.body.size", r.ResponseBytes)
	b = appendJSONHeld(b, "percore.held_request_bytes", r.HeldRequest)
	b = appendJSONHeld(b, "percore.held_response_bytes", r.HeldResponse)
	b = appendJSONTimes(b, &r.Times)
	b = appendJSONTries(b, &r.Tries)
	b = appendJSONCause(b, r)
	if id := r.Head.id(); len(id) > 0 {
		b = append(b, `,"request_id":"`...)
		b = append(appendEscaped(b, id), '"')
	}
	return append(b, '}', '\n')
}

// appendJSONRequest says which client asked for what, after a string that it ends.
func appendJSONRequest(b []byte, r *Record) []byte {
	h := &r.Head
	b = append(b, `","client.address":"`...)
	b = r.Client.AppendAddress(b)
	b = append(b, `","network.peer.address":"`...)
	b = r.Peer.AppendAddress(b)
	b = appendJSONString(b, "http.request.method", h.method())
	b = append(b, `","url.scheme":"`...)
	if r.HTTPS {
		b = append(b, client.SchemeHTTPS...)
	} else {
		b = append(b, client.SchemeHTTP...)
	}
	path, query, asked := bytes.Cut(originOf(h.target()), []byte("?"))
	b = appendJSONString(b, "url.path", path)
	if asked {
		b = appendJSONString(b, "url.query", query)
	}
	if h.methodEnd > 0 { // else there was no request line that says so
		b = append(append(b, `","network.protocol.version":"1.`...), '0'+r.Minor)
	}
	b = appendJSONHost(b, h.host())
	if referer := h.referer(); len(referer) > 0 {
		b = append(b, `,"http.request.header.referer":["`...)
		b = append(appendEscaped(b, referer), '"', ']')
	}
	if ua := h.userAgent(); len(ua) > 0 {
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

// appendJSONHeld says how much was held in a file, where anything was.
func appendJSONHeld(b []byte, name string, n int64) []byte {
	if n == 0 {
		return b
	}
	return appendJSONNumber(b, name, n)
}

// appendJSONTimes has the whole in milliseconds, and its parts in seconds: head, receive and first byte from the
// exchange's first byte on, queue, connect and send as spans of their own.
func appendJSONTimes(b []byte, t *Times) []byte {
	b = appendJSONDecimal(b, "duration_ms", t.Total, time.Millisecond)
	b = appendJSONSeconds(b, "percore.head_seconds", t.Head)
	b = appendJSONSeconds(b, "percore.receive_seconds", t.Receive)
	b = appendJSONSeconds(b, "percore.queue_seconds", t.Queue)
	b = appendJSONSeconds(b, "percore.connect_seconds", t.Connect)
	b = appendJSONSeconds(b, "percore.first_byte_seconds", t.FirstByte)
	return appendJSONSeconds(b, "percore.send_seconds", t.Send)
}

// appendJSONTries says which worker had the request last, and what came of each try.
func appendJSONTries(b []byte, t *Tries) []byte {
	if t.Worker != "" {
		b = append(b, `,"worker":"`...)
		b = append(append(b, t.Worker...), '"')
	}
	if t.PID > 0 {
		b = appendJSONNumber(b, "pid", int64(t.PID))
	}
	if t.Count == 0 {
		return b
	}
	b = appendJSONNumber(b, "retries", int64(t.Count-1))
	b = append(b, `,"percore.upstream_status":[`...)
	for i := range min(t.Count, TriesNoted) {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendUint(b, uint64(t.Statuses[i]), 10)
	}
	b = append(b, `],"percore.connection_reused":`...)
	return strconv.AppendBool(b, t.Reused)
}

// appendJSONCause says what ended a request that did not end well: in one word, on whose side, and in words for
// people.
func appendJSONCause(b []byte, r *Record) []byte {
	if r.Reason == "" {
		return b
	}
	b = append(b, `,"percore.reason":"`...)
	b = append(b, r.Reason...)
	b = append(b, `","percore.side":"`...)
	b = append(b, r.Side...)
	b = append(b, `","err":"`...)
	return append(append(b, r.Err...), '"')
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

// appendJSONSeconds writes a span in seconds, to the microsecond, unless there was none.
func appendJSONSeconds(b []byte, name string, span time.Duration) []byte {
	if span == Never {
		return b
	}
	return appendJSONDecimal(b, name, span, time.Second)
}

// appendJSONDecimal writes a span in the given unit, milliseconds or seconds, to the microsecond.
func appendJSONDecimal(b []byte, name string, span, unit time.Duration) []byte {
	micros, perUnit := max(0, span).Microseconds(), unit.Microseconds()
	b = append(appendJSONNumber(b, name, micros/perUnit), '.')
	for part, digit := micros%perUnit, perUnit/10; digit > 0; digit /= 10 {
		b = append(b, byte('0'+part/digit%10))
	}
	return b
}

package http1

import "bytes"

// Response is a parsed response head. Its slices point into the buffer given to Parse. It holds its fields itself
// (3.5 KiB, more when a head needs it, 55 KiB at most), so a loop keeps one and parses into it again and again.
type Response struct {
	Minor     uint8  // HTTP/1.Minor: 0 or 1
	Status    int    // 100 to 999; 1xx are heads of their own, before the final one
	Reason    []byte // may be empty
	Fields    []Field
	Framing   Framing
	Length    int64 // declared Content-Length when HasLength, else 0; body bytes when FramingLength
	HasLength bool  // a Content-Length may be forwarded, also with no body after HEAD or in a 304
	KeepAlive bool  // the connection can take another request; never with FramingClose or behind an omitted body
	Upgrade   bool  // a 101 to WebSocket; its Connection may be missing (against RFC 9110 section 7.8), as with nginx

	set       fieldSet
	announced bool // says that a body follows where there must be none: it may come all the same
	refusal   Error
}

const (
	statusSwitchingProtocols = 101
	statusNoContent          = 204
	statusNotModified        = 304
)

// Parse reads one response head from the start of b, as [Request.Parse] does. The request's method decides whether a
// body follows (RFC 9112 section 6.3). Every refusal has Status 502; it lives in r and is overwritten by the next.
func (r *Response) Parse(b []byte, seen int, lim Limits, request Method) (n int, err error) {
	full := len(b) >= lim.HeadBytes
	if full {
		b = b[:lim.HeadBytes]
	}
	n, refusal := r.parse(b, seen, lim, request)
	if n == 0 && refusal == nil && full {
		refusal = errHeadTooLarge
	}
	if refusal != nil {
		r.refusal = Error{Status: 502, Reason: refusal.Reason}
		return 0, &r.refusal
	}
	return n, nil
}

func (r *Response) parse(b []byte, seen int, lim Limits, request Method) (int, *Error) {
	const prefix = "HTTP/1."
	if known := min(len(b), len(prefix)); string(b[:known]) != prefix[:known] {
		return 0, errStatusLine // at once: a worker that speaks something else may never send an LF
	}
	pos := bytes.IndexByte(b, '\n') + 1
	if pos == 0 {
		return 0, nil
	}
	if seen >= pos && !headEnds(b, max(pos-1, seen-2)) {
		return 0, nil // the status line was accepted by an earlier call
	}
	if refusal := r.parseLine(b[:pos-1]); refusal != nil {
		return 0, refusal
	}
	lim.BareLF = false // of requests only
	end, refusal := r.set.parse(b, pos, lim)
	if end == 0 {
		if seen < pos && !headEnds(b, pos-1) {
			return 0, nil
		}
		return 0, refusal
	}
	r.Fields = r.set.fields()
	if refusal := r.interpret(request); refusal != nil {
		return 0, refusal
	}
	return end, nil
}

// parseLine reads a status line, given without its LF. The space before an empty reason may be missing: RFC 9112
// section 4 demands it, but workers that let the reason go tend to let it go too, and nothing hangs on it.
func (r *Response) parseLine(line []byte) *Error {
	const versionBytes, codeEnd = len("HTTP/1."), len("HTTP/1.1 200")
	if line[len(line)-1] != '\r' {
		return errBareLF
	}
	line = line[:len(line)-1]
	if len(line) < codeEnd || line[versionBytes] != '0' && line[versionBytes] != '1' || line[versionBytes+1] != ' ' {
		return errStatusLine
	}
	status := 0
	for _, c := range line[versionBytes+2 : codeEnd] {
		if !isDigit(c) {
			return errStatusLine
		}
		status = status*10 + int(c-'0')
	}
	reason := line[codeEnd:]
	if status < 100 || len(reason) > 0 && reason[0] != ' ' {
		return errStatusLine
	}
	if len(reason) > 0 {
		reason = reason[1:]
	}
	if valueEnd(reason, 0) < len(reason) {
		return errStatusLine
	}
	r.Minor, r.Status, r.Reason = line[versionBytes]-'0', status, reason[:len(reason):len(reason)]
	return nil
}

// interpret derives from the fields what the proxy acts on.
func (r *Response) interpret(request Method) *Error {
	options, refusal := r.set.connection()
	if refusal != nil {
		return refusal
	}
	if refusal := r.interpretFraming(request); refusal != nil {
		return refusal
	}
	r.KeepAlive = r.Framing != FramingClose && !r.announced && keepAlive(r.Minor, options)
	r.Upgrade = r.Status == statusSwitchingProtocols && r.set.upgrades()
	return nil
}

// interpretFraming follows RFC 9112 section 6.3. Fields are checked also where no body can follow: a recipient that
// contradicts himself is not to be trusted with the connection.
func (r *Response) interpretFraming(request Method) *Error {
	r.Framing, r.Length, r.HasLength = FramingClose, 0, false
	noContent := r.Status < 200 || r.Status == statusNoContent
	if r.set.count[FieldTransferEncoding] > 0 {
		if refusal := r.set.transferCoding(r.Minor); refusal != nil {
			return refusal
		}
		r.Framing = FramingChunked
	} else if r.set.count[FieldContentLength] > 0 {
		length, refusal := r.set.contentLength()
		if refusal != nil {
			return refusal
		}
		r.Framing, r.Length = FramingLength, length
		r.HasLength = !noContent // neither 1xx nor 204 may carry it on (RFC 9110 section 8.6)
	}
	empty := noContent || r.Status == statusNotModified
	r.announced = (empty || request == MethodHEAD) && r.announces(empty)
	if empty || request == MethodHEAD {
		r.Framing = FramingNone
	}
	if !r.HasLength && r.Framing == FramingNone {
		r.Length = 0
	}
	return nil
}

// announces reports whether a response that must not have a body says that it has one. Some workers then write it,
// or its last chunk, a little later (tornadoweb/tornado issue 2741), where the next request's response is expected.
// Neither length nor coding is how a status that forbids a body is told; after HEAD it stands for a body that ends
// with the connection.
func (r *Response) announces(empty bool) bool {
	switch r.Framing {
	case FramingChunked:
		return true
	case FramingLength:
		return r.Length > 0
	case FramingClose:
		return !empty
	case FramingNone:
	}
	return false
}

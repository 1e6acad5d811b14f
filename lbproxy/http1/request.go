package http1

import "bytes"

// Request is a parsed request head. Its slices point into the buffer given to Parse. It holds its fields
// itself (3.5 KiB, more when a head needs it, 55 KiB at most), so a loop keeps one and parses into it again and again.
type Request struct {
	Method   []byte
	MethodID Method
	Target   []byte // as received
	Origin   []byte // target to forward: origin-form, or * for OPTIONS (RFC 9112 section 3.2); see AppendOrigin
	Minor    uint8  // HTTP/1.Minor: 0 or 1

	// Host is the host to forward: absolute-form's authority replaces the Host field (RFC 9112 section 3.2.2).
	// It is nil when an HTTP/1.0 request has none, and empty where the field is: RFC 9110 section 7.2 has
	// clients send an empty one when the authority is undefined, and RFC 9112 section 3.3 lets a default stand in.
	Host []byte

	Fields    []Field // in order of arrival; backed by this Request
	Framing   Framing // FramingNone, FramingLength or FramingChunked
	Length    int64   // body bytes when FramingLength, else 0
	KeepAlive bool    // the client can take another response on this connection (RFC 9112 section 9.3)
	Expect100 bool    // the client waits for 100 before it sends its body (RFC 9110 section 10.1.1)
	Upgrade   bool    // an HTTP/1.1 GET without body that offers WebSocket; nothing else counts (RFC 9110 section 7.8)

	// MaxForwards is how often an OPTIONS may still be forwarded, at most MaxForwardsMax; -1 when it does not say,
	// and for every other method (RFC 9110 section 7.6.2).
	MaxForwards int

	set      fieldSet
	rootless bool // Origin begins with the query
}

// Parse reads one request head from the start of b. It returns its length n in bytes, leading empty lines
// included; or 0 and no error when b holds only a part of it; or an *[Error]. After a part, call it again with the
// same bytes and more, and with the former length of b as seen, so that a head that arrives byte by byte is not
// scanned from the start each time; seen is 0 at first. r is meaningful only when n > 0.
func (r *Request) Parse(b []byte, seen int, lim Limits) (n int, err error) {
	full := len(b) >= lim.HeadBytes
	if full {
		b = b[:lim.HeadBytes]
	}
	n, refusal := r.parse(b, seen, lim)
	if refusal != nil {
		return 0, refusal
	}
	if n == 0 && full {
		return 0, errHeadTooLarge
	}
	return n, nil
}

// Glimpse is for a head that Parse has refused, which starts b: it sets Method, MethodID, Target and Minor to what the
// request line says, as far as that is well-formed, and everything else to nothing.
func (r *Request) Glimpse(b []byte, lim Limits) {
	r.Method, r.MethodID, r.Target, r.Origin, r.Host, r.Fields = nil, MethodOther, nil, nil, nil, nil
	r.Minor, r.Framing, r.Length, r.KeepAlive, r.Expect100, r.Upgrade = 0, FramingNone, 0, false, false, false
	r.MaxForwards, r.rootless = -1, false
	start, refusal := skipEmptyLines(b, lim.BareLF)
	if refusal != nil {
		return
	}
	if size := bytes.IndexByte(b[start:], '\n'); size >= 0 {
		_ = r.parseLine(b[start:start+size], lim) // the refusal is known already
	}
}

func (r *Request) parse(b []byte, seen int, lim Limits) (int, *Error) {
	start, refusal := skipEmptyLines(b, lim.BareLF)
	if refusal != nil {
		return 0, refusal
	}
	size := bytes.IndexByte(b[start:], '\n')
	if size < 0 {
		return 0, requestLineLimits(b[start:], lim.TargetBytes)
	}
	pos := start + size + 1
	if seen >= pos && !headEnds(b, max(pos-1, seen-2)) {
		return 0, nil // the request line was accepted by an earlier call
	}
	if refusal := r.parseLine(b[start:pos-1], lim); refusal != nil {
		return 0, refusal
	}
	end, refusal := r.set.parse(b, pos, lim)
	if end == 0 {
		if seen < pos && !headEnds(b, pos-1) {
			return 0, nil // a fault counts when the head is complete, however it was cut up
		}
		return 0, refusal
	}
	r.Fields = r.set.fields()
	if refusal := r.interpret(); refusal != nil {
		return 0, refusal
	}
	return end, nil
}

// emptyLinesMax bounds the empty lines before a request. RFC 9112 section 2.2 asks to ignore at least one.
const emptyLinesMax = 4

// skipEmptyLines returns where the request line starts; len(b) or a position at a lone CR when that is not known yet.
func skipEmptyLines(b []byte, bareLF bool) (int, *Error) {
	for i, lines := 0, 0; ; lines++ {
		switch {
		case i == len(b) || b[i] != '\r' && b[i] != '\n':
			return i, nil
		case lines == emptyLinesMax:
			return 0, errEmptyLines
		case b[i] == '\n' && bareLF:
			i++
		case b[i] == '\n':
			return 0, errBareLF
		case i+1 == len(b):
			return i + 1, nil
		case b[i+1] != '\n':
			return 0, errBareCR
		default:
			i += 2
		}
	}
}

// requestLineLimits checks the lengths in a request line or a part of one, without its LF. The verdict depends on
// no byte beyond the limit, so a part gets the same one as the whole.
func requestLineLimits(line []byte, targetBytesMax int) *Error {
	space := bytes.IndexByte(line[:min(len(line), methodBytesMax+1)], ' ')
	if space < 0 {
		if len(line) > methodBytesMax {
			return errMethodTooLong
		}
		return nil
	}
	target := line[space+1:]
	if len(target) > targetBytesMax && bytes.IndexByte(target[:targetBytesMax+1], ' ') < 0 {
		return errTargetTooLong
	}
	return nil
}

// parseLine reads a request line, given without its LF: method SP target SP version CR.
func (r *Request) parseLine(line []byte, lim Limits) *Error {
	if refusal := requestLineLimits(line, lim.TargetBytes); refusal != nil {
		return refusal
	}
	switch last := len(line) - 1; {
	case line[last] == '\r':
		line = line[:last]
	case !lim.BareLF:
		return errBareLF
	}
	space := bytes.IndexByte(line, ' ')
	if space < 0 {
		return errRequestLine
	}
	method, rest := line[:space:space], line[space+1:]
	space = bytes.IndexByte(rest, ' ')
	if space < 0 {
		return errHTTP09
	}
	minor, refusal := parseVersion(rest[space+1:])
	if refusal != nil {
		return refusal
	}
	if !isToken(method) {
		return errMethod
	}
	r.Minor, r.Method, r.MethodID, r.Target = minor, method, lookupMethod(method), rest[:space:space]
	if r.MethodID == MethodCONNECT || r.MethodID == MethodTRACE {
		return errMethodRefused
	}
	return r.parseTarget(r.Target)
}

// parseVersion tells a version we do not speak (505) from something that is no version at all (400).
func parseVersion(v []byte) (minor uint8, refusal *Error) {
	if len(v) != len("HTTP/1.1") || string(v[:5]) != "HTTP/" || !isDigit(v[5]) || v[6] != '.' || !isDigit(v[7]) {
		return 0, errRequestLine
	}
	if v[5] != '1' || v[7] > '1' {
		return 0, errVersion
	}
	return v[7] - '0', nil
}

// interpret derives from the fields what the proxy acts on.
func (r *Request) interpret() *Error {
	if refusal := r.interpretHost(); refusal != nil {
		return refusal
	}
	options, refusal := r.set.connection()
	if refusal != nil {
		return refusal
	}
	r.KeepAlive = keepAlive(r.Minor, options)
	if refusal := r.interpretFraming(); refusal != nil {
		return refusal
	}
	body := r.Framing == FramingChunked || r.Length > 0
	r.Upgrade = options.upgrade && r.Minor == 1 && r.MethodID == MethodGET && !body && r.set.upgrades()
	if refusal := r.interpretMaxForwards(); refusal != nil {
		return refusal
	}
	return r.interpretExpect(body)
}

func (r *Request) interpretHost() *Error {
	switch r.set.count[FieldHost] {
	case 0:
		if r.Minor > 0 {
			return errHostMissing // required even beside an absolute-form target (RFC 9112 section 3.2)
		}
		return nil
	case 1:
		value := r.set.value(FieldHost)
		if len(value) > 0 && !validHost(value) {
			return errHost
		}
		if r.Host == nil {
			r.Host = value
		}
		return nil
	}
	return errHostRepeated
}

// interpretFraming follows RFC 9112 section 6.3, but refuses where that leaves a choice.
func (r *Request) interpretFraming() *Error {
	r.Framing, r.Length = FramingNone, 0
	if r.set.count[FieldTransferEncoding] > 0 {
		r.Framing = FramingChunked
		return r.set.transferCoding(r.Minor)
	}
	if r.set.count[FieldContentLength] == 0 {
		return nil
	}
	length, refusal := r.set.contentLength()
	if refusal != nil {
		return refusal
	}
	r.Framing, r.Length = FramingLength, length
	if r.Minor == 0 && length > 0 && (r.MethodID == MethodGET || r.MethodID == MethodHEAD || r.MethodID == MethodDELETE) {
		return errBodyHTTP10
	}
	return nil
}

// MaxForwardsMax is the largest number in Max-Forwards that is believed; a larger one counts as this one.
const MaxForwardsMax = 255

// interpretMaxForwards heeds Max-Forwards where RFC 9110 section 7.6.2 has a meaning for it: for OPTIONS, as TRACE
// is refused.
func (r *Request) interpretMaxForwards() *Error {
	r.MaxForwards = -1
	if r.MethodID != MethodOPTIONS {
		return nil
	}
	for i := range r.Fields {
		if r.Fields[i].ID != FieldMaxForwards {
			continue
		}
		if r.MaxForwards >= 0 || len(r.Fields[i].Value) == 0 {
			return errMaxForwards
		}
		r.MaxForwards = 0
		for _, c := range r.Fields[i].Value {
			if !isDigit(c) {
				return errMaxForwards
			}
			r.MaxForwards = min(10*r.MaxForwards+int(c-'0'), MaxForwardsMax)
		}
	}
	return nil
}

// interpretExpect ignores an HTTP/1.0 client's expectation, and one without a body to hold back.
func (r *Request) interpretExpect(body bool) *Error {
	r.Expect100 = false
	if r.Minor == 0 || r.set.count[FieldExpect] == 0 {
		return nil
	}
	for i := range r.Fields {
		if r.Fields[i].ID == FieldExpect && !EqualFold(r.Fields[i].Value, "100-continue") {
			return errExpectation
		}
	}
	r.Expect100 = body
	return nil
}

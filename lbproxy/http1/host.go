package http1

import "bytes"

// addressBytesMax is the longest textual IPv6 address (RFC 4291 section 2.2, form 3).
const addressBytesMax = 45

// ValidHost reports whether h could be the value of a Host field; an empty one could not.
func ValidHost(h []byte) bool { return validHost(h) }

// validHost reports whether h is a non-empty uri-host with an optional port (RFC 9110 section 7.2, RFC 3986 section
// 3.2.2). Stricter than the grammar in two points: no comma, the trace of two joined Host fields, which Tornado
// refuses too; and a port needs a host before it.
func validHost(h []byte) bool {
	if len(h) == 0 {
		return false
	}
	if h[0] == '[' {
		end := bytes.IndexByte(h, ']')
		return end > 0 && validAddress(h[1:end]) && (end+1 == len(h) || h[end+1] == ':' && validPort(h[end+2:]))
	}
	for i, c := range h {
		switch {
		case class[c]&classHost != 0:
		case c == '%':
			if i+2 >= len(h) || !isHex(h[i+1]) || !isHex(h[i+2]) {
				return false
			}
		case c == ':':
			return i > 0 && validPort(h[i+1:])
		default:
			return false
		}
	}
	return true
}

// validAddress checks the alphabet of an IPv6 address, not its arithmetic: no connection is made to it. A zone
// (%25eth0) is refused: it means something on the client's host alone, which is to leave it out (RFC 6874 section 4;
// RFC 9844 withdrew the syntax), and so browsers, curl and Go do. To cut it off would answer for another host than the
// one that was asked for, and to pass it on leaves each worker to decode it.
func validAddress(a []byte) bool {
	if len(a) > addressBytesMax || bytes.Count(a, []byte(":")) < 2 {
		return false
	}
	for _, c := range a {
		if !isHex(c) && c != ':' && c != '.' {
			return false
		}
	}
	return true
}

// validPort allows the empty port of RFC 3986 section 3.2.3.
func validPort(p []byte) bool {
	port := 0
	for _, c := range p {
		if !isDigit(c) || len(p) > len("65535") {
			return false
		}
		port = port*10 + int(c-'0')
	}
	return port <= 65535
}

package http1

import "bytes"

// What an absolute-form target without a path stands for (RFC 9112 sections 3.2.1 and 3.2.4).
var (
	originRoot = []byte("/")
	originStar = []byte("*")
)

// parseTarget sets Origin, and Host from an absolute-form target or else to nil.
func (r *Request) parseTarget(target []byte) *Error {
	if !validTarget(target) {
		return errTarget
	}
	r.Origin, r.Host, r.rootless = target, nil, false
	if target[0] == '/' {
		return nil
	}
	if len(target) == 1 && target[0] == '*' && r.MethodID == MethodOPTIONS {
		return nil
	}
	return r.parseAbsolute(target)
}

// AppendOrigin appends the target to forward to dst: Origin, behind a slash where an absolute-form target has no path.
func (r *Request) AppendOrigin(dst []byte) []byte {
	if r.rootless {
		dst = append(dst, '/')
	}
	return append(dst, r.Origin...)
}

// validTarget reports whether target is not empty and only visible ASCII without a fragment. Bytes that RFC 3986
// excludes but browsers send, such as | and ", pass: every worker takes them for themselves.
func validTarget(target []byte) bool {
	for _, c := range target {
		if c <= ' ' || c >= 0x7f || c == '#' {
			return false
		}
	}
	return len(target) > 0
}

// parseAbsolute reads http://authority/path?query. Anything else that is not origin-form, such as an authority-form
// target, is refused. A query without a path (RFC 9112 section 3.2.2) has no origin-form among its own bytes:
// AppendOrigin makes it.
func (r *Request) parseAbsolute(target []byte) *Error {
	colon := bytes.Index(target, []byte("://"))
	if colon < 0 {
		return errTarget
	}
	if !EqualFold(target[:colon], "http") {
		return errScheme
	}
	rest := target[colon+len("://"):]
	end := bytes.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	authority, origin := rest[:end:end], rest[end:]
	if !validHost(authority) {
		return errHost
	}
	switch {
	case len(origin) == 0 && r.MethodID == MethodOPTIONS:
		origin = originStar
	case len(origin) == 0:
		origin = originRoot
	}
	r.Host, r.Origin, r.rootless = authority, origin, origin[0] == '?'
	return nil
}

package value

import (
	"errors"
	"strings"
)

// ReadyKind is how a worker shows that it can take traffic.
type ReadyKind string

// The kinds of readiness.
const (
	ReadyTCP    ReadyKind = "tcp"    // its port accepts a connection
	ReadyHTTP   ReadyKind = "http"   // GET Path answers 2xx or 3xx
	ReadyNotify ReadyKind = "notify" // it says so on NOTIFY_SOCKET (man 3 sd_notify)
	ReadyNone   ReadyKind = "none"   // it is taken to be ready as soon as it runs
)

// Ready is PERCORE_READY.
type Ready struct {
	Kind ReadyKind
	Path string // an HTTP request target that starts with a slash; only with ReadyHTTP
}

// UnmarshalText reads `tcp`, `http:/path`, `notify` or `none`.
func (r *Ready) UnmarshalText(text []byte) error {
	if path := meantPath(string(text)); path != "" {
		return &MeantError{What: "takes a path alone: percore knows where the worker listens", Value: "http:" + path}
	}
	word, path, hasPath := strings.Cut(string(text), ":")
	switch kind := ReadyKind(strings.ToLower(word)); {
	case kind == ReadyHTTP && strings.HasPrefix(path, "/"):
		if strings.ContainsFunc(path, notInTarget) {
			return errors.New("has a path with a character that has to be written as %XX")
		}
		*r = Ready{Kind: kind, Path: path}
	case kind == ReadyHTTP:
		return &MeantError{What: "needs a path with a slash after http:", Value: "http:/" + path}
	case (kind == ReadyTCP || kind == ReadyNotify || kind == ReadyNone) && !hasPath:
		*r = Ready{Kind: kind}
	default:
		return errors.New("must be one of tcp, http:/path, notify, none")
	}
	return nil
}

// meantPath is the path in what looks like a URL, or like a path without http: in front; or empty.
func meantPath(text string) string {
	if strings.HasPrefix(text, "/") {
		return text
	}
	lower := strings.ToLower(text)
	for _, scheme := range []string{"http://", "https://"} {
		if strings.HasPrefix(lower, scheme) {
			rest := text[len(scheme):]
			if slash := strings.IndexByte(rest, '/'); slash >= 0 {
				return rest[slash:]
			}
			return "/"
		}
	}
	return ""
}

// NeedsPort reports whether the worker has to listen for it.
func (r Ready) NeedsPort() bool { return r.Kind == ReadyTCP || r.Kind == ReadyHTTP }

// notInTarget finds what would break the request line of the probe (RFC 9112 section 3.2).
func notInTarget(c rune) bool { return c <= ' ' || c >= 0x7f || c == '#' }

// String is the form that UnmarshalText reads.
func (r Ready) String() string {
	if r.Kind == ReadyHTTP {
		return "http:" + r.Path
	}
	return string(r.Kind)
}

// Syntax is what UnmarshalText takes, in a few words.
func (Ready) Syntax() string { return "`tcp`, `http:/path`, `notify`, `none`" }

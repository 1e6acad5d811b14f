package client

import "percore/lbproxy/http1"

// The schemes that a client can have used.
const (
	SchemeHTTP  = "http"
	SchemeHTTPS = "https"
)

// Identity is how a client reached us, or the trusted proxy in front of us.
type Identity struct {
	Scheme string // one of the two above
	Host   []byte // with a port where the client named one
	Port   []byte // empty: what scheme and host say
}

// Believe takes over what a trusted proxy says. Of a list the last element counts, which is the one that the proxy next to
// us wrote; what cannot be true is ignored.
func (id *Identity) Believe(fields []http1.Field) {
	proto := LastOf(fields, http1.FieldXForwardedProto)
	if proto == nil {
		proto = LastOf(fields, http1.FieldXScheme)
	}
	switch {
	case http1.EqualFold(proto, SchemeHTTPS):
		id.Scheme = SchemeHTTPS
	case http1.EqualFold(proto, SchemeHTTP):
		id.Scheme = SchemeHTTP
	}
	if host := LastOf(fields, http1.FieldXForwardedHost); http1.ValidHost(host) {
		id.Host = host
	}
	port := LastOf(fields, http1.FieldXForwardedPort)
	if n, ok := ParsePort(port); ok && n > 0 {
		id.Port = port
	}
}

// LastOf returns the last element of the list that all fields with one name make together, nil when there is none.
func LastOf(fields []http1.Field, id http1.FieldID) []byte {
	for i := len(fields) - 1; i >= 0; i-- {
		if fields[i].ID == id {
			element, _ := http1.CutLast(fields[i].Value)
			return element
		}
	}
	return nil
}

// PublicPort is the port that the client used as far as it shows: a mapping in between, as Docker makes it, hides our own.
func (id *Identity) PublicPort() []byte {
	if len(id.Port) > 0 {
		return id.Port
	}
	if port := PortIn(id.Host); len(port) > 0 {
		return port
	}
	if id.Scheme == SchemeHTTPS {
		return portHTTPS
	}
	return portHTTP
}

var portHTTP, portHTTPS = []byte("80"), []byte("443")

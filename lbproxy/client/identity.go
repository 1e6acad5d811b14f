package client

import (
	"bytes"

	"percore/lbproxy/http1"
)

// The schemes that a client can have used.
const (
	SchemeHTTP  = "http"
	SchemeHTTPS = "https"
)

// Identity is who asks, and how it reached us, or the trusted proxy in front of us.
type Identity struct {
	Peer      Peer   // the other end of the connection
	Trusted   bool   // its word counts
	Client    Peer   // the one for which it speaks, or itself
	Scheme    string // one of the two above
	Authority []byte // the host that the request itself is for, with a port where it names one
	Host      []byte // the host that the client asked for: the same, if a trusted peer does not say otherwise
	Port      []byte // empty: what scheme and host say
}

// Identify says which client sends a request with these fields over plain HTTP, to host. A trusted peer, by t, may say
// otherwise.
func Identify(peer Peer, trusted bool, t *Trust, host []byte, fields []http1.Field) Identity {
	id := Identity{Peer: peer, Trusted: trusted, Client: peer, Scheme: SchemeHTTP, Authority: host, Host: host}
	if trusted {
		id.Client = t.Client(peer, fields)
		id.believe(fields)
	}
	return id
}

// AppendTo writes the fields that tell a worker, by the names that Tornado (xheaders), Django, Rails and others read.
// Tornado prefers X-Real-IP and X-Scheme, so those are never a client's own. fields are the request's.
func (id *Identity) AppendTo(b []byte, fields []http1.Field) []byte {
	b = append(b, "X-Real-IP: "...)
	at := len(b)
	b = id.Client.AppendAddress(b)
	address := b[at:len(b):len(b)]
	b = append(b, "\r\nX-Forwarded-For: "...)
	if id.Trusted {
		b = id.appendChain(b, fields)
	} else {
		b = append(b, address...)
	}
	b = append(b, "\r\nX-Scheme: "...)
	b = append(b, id.Scheme...)
	b = append(b, "\r\nX-Forwarded-Proto: "...)
	b = append(b, id.Scheme...)
	b = append(b, "\r\nX-Forwarded-Host: "...)
	b = append(b, id.Host...)
	b = append(b, "\r\nX-Forwarded-Port: "...)
	b = append(b, id.publicPort()...)
	return append(b, "\r\n"...)
}

// appendChain writes what a trusted proxy forwards, and the proxy itself behind it where it has an address.
func (id *Identity) appendChain(b []byte, fields []http1.Field) []byte {
	start := len(b)
	for i := range fields {
		if f := &fields[i]; f.ID == http1.FieldXForwardedFor && len(f.Value) > 0 {
			b = append(append(b, f.Value...), ", "...)
		}
	}
	if id.Peer.HasAddress() || len(b) == start {
		return id.Peer.AppendAddress(b)
	}
	return bytes.TrimSuffix(b, []byte(", "))
}

// believe takes over what a trusted proxy says. Of a list the last element counts, which is the one that the proxy
// next to us wrote; what cannot be true is ignored.
func (id *Identity) believe(fields []http1.Field) {
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

// publicPort is the port that the client used as far as it shows: a mapping in between, as Docker makes it, hides our
// own.
func (id *Identity) publicPort() []byte {
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

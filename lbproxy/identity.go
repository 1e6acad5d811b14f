package lbproxy

import (
	"bytes"

	"percore/lbproxy/client"
	"percore/lbproxy/http1"
)

// replaced are the fields that the front door writes itself or that must not reach a worker: framing, identity (a
// client could claim to be anybody), Proxy (CVE-2016-5385), Expect, which the front door answers or writes anew, and the other names for
// the scheme: gunicorn refuses a request in which two of them disagree.
var replaced = fieldSetOf(
	http1.FieldHost, http1.FieldContentLength, http1.FieldTransferEncoding, http1.FieldExpect,
	http1.FieldXRealIP, http1.FieldXForwardedFor, http1.FieldXForwardedProto, http1.FieldXForwardedHost, http1.FieldXForwardedPort,
	http1.FieldXScheme, http1.FieldForwarded, http1.FieldProxy,
	http1.FieldXForwardedSsl, http1.FieldXForwardedProtocol, http1.FieldXForwardedScheme, http1.FieldXURLScheme, http1.FieldFrontEndHTTPS,
)

// claims are the fields that applications take for the word of a proxy or a server in front of them, such as when a request
// came, and that therefore pass from a trusted proxy only; as does everything else that begins with X-Forwarded-.
var claims = fieldSetOf(http1.FieldScriptName, http1.FieldPathInfo, http1.FieldRemoteUser, http1.FieldRemoteAddr, http1.FieldXRequestStart)

func fieldSetOf(ids ...http1.FieldID) (set [256]bool) {
	for _, id := range ids {
		set[id] = true
	}
	return set
}

// passes tells whether a client's field reaches the worker as it is. Names with an underscore never do: CGI and WSGI
// fold them into the names with a dash, so X_Forwarded_For would be a second X-Forwarded-For.
func passes(f *http1.Field, trusted bool) bool {
	if f.Hop || f.Underscore || replaced[f.ID] {
		return false
	}
	return trusted || !claims[f.ID] && (f.ID != http1.FieldOther || !isForwarded(f.Name))
}

func isForwarded(name []byte) bool {
	const family = "x-forwarded-"
	return len(name) > len(family) && name[0]|0x20 == 'x' && http1.EqualFold(name[:len(family)], family)
}

// appendIdentity writes who the client is, by the names that Tornado (xheaders), Django, Rails and others read. Tornado
// prefers X-Real-IP and X-Scheme, so those are never a client's own.
func appendIdentity(b []byte, x *exchange, c *conn, id *client.Identity, fields []http1.Field) []byte {
	b = append(b, "X-Real-IP: "...)
	at := len(b)
	b = x.client.AppendAddress(b)
	address := b[at:len(b):len(b)]
	b = append(b, "\r\nX-Forwarded-For: "...)
	if c.has(flagTrusted) {
		b = appendChain(b, c, fields)
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
	b = append(b, id.PublicPort()...)
	return append(b, crlf...)
}

// appendChain writes what a trusted proxy forwards, and the proxy itself behind it where it has an address.
func appendChain(b []byte, c *conn, fields []http1.Field) []byte {
	start := len(b)
	for i := range fields {
		if f := &fields[i]; f.ID == http1.FieldXForwardedFor && len(f.Value) > 0 {
			b = append(append(b, f.Value...), ", "...)
		}
	}
	if c.peer.HasAddress() || len(b) == start {
		return c.peer.AppendAddress(b)
	}
	return bytes.TrimSuffix(b, []byte(", "))
}

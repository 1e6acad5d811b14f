package client

import "percore/lbproxy/http1"

// replaced are the fields that the front door writes itself or that must not reach a worker: framing, identity (a
// client could claim any), Proxy (CVE-2016-5385), Expect, which the front door answers or writes anew, and the other
// names for the scheme: gunicorn refuses a request in which two of them disagree.
var replaced = fieldSetOf(
	http1.FieldHost, http1.FieldContentLength, http1.FieldTransferEncoding, http1.FieldExpect,
	http1.FieldXRealIP, http1.FieldXScheme, http1.FieldForwarded, http1.FieldProxy,
	http1.FieldXForwardedFor, http1.FieldXForwardedProto, http1.FieldXForwardedHost, http1.FieldXForwardedPort,
	http1.FieldXForwardedSsl, http1.FieldXForwardedProtocol, http1.FieldXForwardedScheme,
	http1.FieldXURLScheme, http1.FieldFrontEndHTTPS,
)

// claims are the fields that applications take for the word of a proxy or a server in front of them, such as when a
// request came, and that therefore pass from a trusted proxy only; as does everything else that begins with
// X-Forwarded-.
var claims = fieldSetOf(
	http1.FieldScriptName, http1.FieldPathInfo, http1.FieldRemoteUser, http1.FieldRemoteAddr, http1.FieldXRequestStart,
)

func fieldSetOf(ids ...http1.FieldID) (set [256]bool) {
	for _, id := range ids {
		set[id] = true
	}
	return set
}

// Passes reports whether a client's field reaches the worker as it is. Names with an underscore never do: CGI and WSGI
// fold them into the names with a dash, so X_Forwarded_For would be a second X-Forwarded-For.
func Passes(f *http1.Field, trusted bool) bool {
	if f.Hop || f.Underscore || replaced[f.ID] {
		return false
	}
	return trusted || !claims[f.ID] && (f.ID != http1.FieldOther || !IsForwarded(f.Name))
}

// IsForwarded reports whether a name begins with X-Forwarded-, as the word of a proxy does.
func IsForwarded(name []byte) bool {
	const family = "x-forwarded-"
	return len(name) > len(family) && name[0]|0x20 == 'x' && http1.EqualFold(name[:len(family)], family)
}

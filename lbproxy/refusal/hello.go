package refusal

import "errors"

// ErrClientHello is the fault of a request that is no HTTP but the beginning of TLS.
var ErrClientHello = errors.New("a TLS client hello: this port speaks plain HTTP")

// IsClientHello reports whether a connection begins with TLS: a handshake record (RFC 8446 section 5.1), or a hello in
// the form of SSL 2.0 that old clients send (RFC 5246 appendix E.2). Neither can begin a request.
func IsClientHello(b []byte) bool {
	const handshake, clientHello, major, minorMax = 22, 1, 3, 4
	switch {
	case len(b) >= 3 && b[0] == handshake:
		return b[1] == major && b[2] <= minorMax
	case len(b) >= 5 && b[0]&0x80 != 0:
		return b[2] == clientHello && b[3] == major && b[4] <= minorMax
	default:
		return false
	}
}

package lbproxy

import "errors"

// errClientHello is the fault of a request that is no HTTP but the beginning of TLS.
var errClientHello = errors.New("a TLS client hello: this port speaks plain HTTP")

// isClientHello tells whether a connection begins with TLS: a handshake record (RFC 8446 section 5.1), or a hello in the form of SSL 2.0 that
// old clients send (RFC 5246 appendix E.2). Neither can begin a request.
func isClientHello(b []byte) bool {
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

// refuseHello answers a client that speaks TLS, and says so now and then: its user, or a proxy in front of us, is set up wrongly.
func (x *exchange) refuseHello(b []byte) {
	x.loop.complain(&x.loop.complaints.hello, sideDownstream, "request refused", errClientHello.Error())
	x.refuse(b, errClientHello)
}

package lbproxy

import "percore/lbproxy/buffer"

// responseWriter is what an exchange knows of the way back to its client: what that understands, what becomes of its connection, and
// what has not left yet.
type responseWriter struct {
	minor     uint8      // of the client's HTTP version
	keepAlive bool       // the client's connection is kept afterwards
	trailers  bool       // the client takes trailers
	probed    bool       // the client has the beginning that the rest of the response has in any case; leave.go
	trailer   []byte     // of the response, as far as it is here
	unsent    buffer.Box // what the client's socket has not taken
	bodyBytes int64      // of the response's body
}

package http1

// Method is a request method the proxy treats by name (RFC 9110 section 9.3, RFC 5789).
type Method uint8

// The methods. Any other token is MethodOther and passes.
const (
	MethodOther Method = iota
	MethodGET
	MethodHEAD
	MethodPOST
	MethodPUT
	MethodDELETE
	MethodOPTIONS
	MethodPATCH
	MethodTRACE
	MethodCONNECT
)

// methodBytesMax bounds a method: longer than any registered one (UPDATEREDIRECTREF, 17 bytes), short enough that
// garbage on the port, such as a TLS hello, is refused at once.
const methodBytesMax = 32

// Idempotent reports whether repeating a request is as good as sending it once (RFC 9110 section 9.2.2).
func (m Method) Idempotent() bool {
	switch m {
	case MethodGET, MethodHEAD, MethodPUT, MethodDELETE, MethodOPTIONS, MethodTRACE:
		return true
	case MethodOther, MethodPOST, MethodPATCH, MethodCONNECT:
		return false
	}
	return false
}

// lookupMethod is case-sensitive (RFC 9110 section 9.1).
func lookupMethod(name []byte) Method {
	switch string(name) {
	case "GET":
		return MethodGET
	case "HEAD":
		return MethodHEAD
	case "POST":
		return MethodPOST
	case "PUT":
		return MethodPUT
	case "DELETE":
		return MethodDELETE
	case "OPTIONS":
		return MethodOPTIONS
	case "PATCH":
		return MethodPATCH
	case "TRACE":
		return MethodTRACE
	case "CONNECT":
		return MethodCONNECT
	}
	return MethodOther
}

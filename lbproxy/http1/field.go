package http1

// Field is one field line of a head. Name and Value point into the caller's buffer.
type Field struct {
	Name       []byte  // case as received
	Value      []byte  // without leading and trailing whitespace; may be empty
	ID         FieldID // FieldOther unless the name is known
	Hop        bool    // hop-by-hop: of the fixed set or named by Connection; must not be forwarded (RFC 9110 section 7.6.1)
	Underscore bool    // the name has a '_', which CGI and WSGI fold into '-'
}

// FieldID is a field name the proxy knows.
type FieldID uint8

// The known fields. Those up to FieldExpect are counted while parsing, because they decide about the message.
const (
	FieldOther FieldID = iota
	FieldHost
	FieldConnection
	FieldContentLength
	FieldTransferEncoding
	FieldUpgrade
	FieldExpect
	FieldKeepAlive
	FieldProxyConnection
	FieldTE
	FieldTrailer
	FieldProxyAuthorization
	FieldProxyAuthenticate
	FieldAuthorization
	FieldDate
	FieldServer
	FieldXRealIP
	FieldXForwardedFor
	FieldXForwardedProto
	FieldXForwardedHost
	FieldXForwardedPort
	FieldXScheme
	FieldForwarded
	FieldProxy
	FieldUserAgent
	FieldReferer
	FieldAccept
	FieldContentType
	FieldXAccelBuffering
	FieldXRequestStart
	FieldVia
	FieldRetryAfter
	FieldLocation
	FieldXForwardedSsl
	FieldXForwardedProtocol
	FieldXForwardedScheme
	FieldXURLScheme
	FieldFrontEndHTTPS
	FieldScriptName
	FieldPathInfo
	FieldRemoteUser
	FieldRemoteAddr
	FieldXRequestID
	FieldMaxForwards
	fieldIDs // how many there are
)

// fieldNames are the names in lower case.
var fieldNames = [fieldIDs]string{
	FieldHost:               "host",
	FieldConnection:         "connection",
	FieldContentLength:      "content-length",
	FieldTransferEncoding:   "transfer-encoding",
	FieldUpgrade:            "upgrade",
	FieldExpect:             "expect",
	FieldKeepAlive:          "keep-alive",
	FieldProxyConnection:    "proxy-connection",
	FieldTE:                 "te",
	FieldTrailer:            "trailer",
	FieldProxyAuthorization: "proxy-authorization",
	FieldProxyAuthenticate:  "proxy-authenticate",
	FieldAuthorization:      "authorization",
	FieldDate:               "date",
	FieldServer:             "server",
	FieldXRealIP:            "x-real-ip",
	FieldXForwardedFor:      "x-forwarded-for",
	FieldXForwardedProto:    "x-forwarded-proto",
	FieldXForwardedHost:     "x-forwarded-host",
	FieldXForwardedPort:     "x-forwarded-port",
	FieldXScheme:            "x-scheme",
	FieldForwarded:          "forwarded",
	FieldProxy:              "proxy",
	FieldUserAgent:          "user-agent",
	FieldReferer:            "referer",
	FieldAccept:             "accept",
	FieldContentType:        "content-type",
	FieldXAccelBuffering:    "x-accel-buffering",
	FieldXRequestStart:      "x-request-start",
	FieldVia:                "via",
	FieldRetryAfter:         "retry-after",
	FieldLocation:           "location",
	FieldXForwardedSsl:      "x-forwarded-ssl",
	FieldXForwardedProtocol: "x-forwarded-protocol",
	FieldXForwardedScheme:   "x-forwarded-scheme",
	FieldXURLScheme:         "x-url-scheme",
	FieldFrontEndHTTPS:      "front-end-https",
	FieldScriptName:         "script-name",
	FieldPathInfo:           "path-info",
	FieldRemoteUser:         "remote-user",
	FieldRemoteAddr:         "remote-addr",
	FieldXRequestID:         "x-request-id",
	FieldMaxForwards:        "max-forwards",
}

// String returns the name in lower case, empty for FieldOther.
func (id FieldID) String() string {
	if id < fieldIDs {
		return fieldNames[id]
	}
	return ""
}

// fieldHops is the fixed hop-by-hop set (RFC 9110 section 7.6.1, and Expect, which the proxy answers itself or
// sends anew).
var fieldHops = [fieldIDs]bool{
	FieldConnection:         true,
	FieldKeepAlive:          true,
	FieldProxyConnection:    true,
	FieldTE:                 true,
	FieldTrailer:            true,
	FieldTransferEncoding:   true,
	FieldUpgrade:            true,
	FieldProxyAuthorization: true,
	FieldProxyAuthenticate:  true,
	FieldExpect:             true,
}

// fieldByShape finds the first candidate for a name by its length and the low five bits of its first letter, which
// are the same in both cases.
var fieldByShape = [len("x-forwarded-protocol") + 1][32]FieldID{
	2:  {'t' & 31: FieldTE},
	3:  {'v' & 31: FieldVia},
	4:  {'h' & 31: FieldHost, 'd' & 31: FieldDate},
	5:  {'p' & 31: FieldProxy},
	6:  {'e' & 31: FieldExpect, 's' & 31: FieldServer, 'a' & 31: FieldAccept},
	7:  {'u' & 31: FieldUpgrade, 't' & 31: FieldTrailer, 'r' & 31: FieldReferer},
	8:  {'x' & 31: FieldXScheme, 'l' & 31: FieldLocation},
	9:  {'x' & 31: FieldXRealIP, 'f' & 31: FieldForwarded, 'p' & 31: FieldPathInfo},
	10: {'c' & 31: FieldConnection, 'k' & 31: FieldKeepAlive, 'u' & 31: FieldUserAgent},
	11: {'r' & 31: FieldRetryAfter, 's' & 31: FieldScriptName},
	12: {'c' & 31: FieldContentType, 'x' & 31: FieldXURLScheme, 'm' & 31: FieldMaxForwards},
	13: {'a' & 31: FieldAuthorization},
	14: {'c' & 31: FieldContentLength},
	15: {'x' & 31: FieldXForwardedFor, 'f' & 31: FieldFrontEndHTTPS},
	16: {'p' & 31: FieldProxyConnection, 'x' & 31: FieldXForwardedHost},
	17: {'t' & 31: FieldTransferEncoding, 'x' & 31: FieldXForwardedProto},
	18: {'p' & 31: FieldProxyAuthenticate, 'x' & 31: FieldXForwardedScheme},
	19: {'p' & 31: FieldProxyAuthorization},
	20: {'x' & 31: FieldXForwardedProtocol},
}

// fieldNext is the next candidate of the same shape.
var fieldNext = [fieldIDs]FieldID{
	FieldXForwardedFor:   FieldXRequestStart,
	FieldXForwardedHost:  FieldXForwardedPort,
	FieldXForwardedProto: FieldXAccelBuffering,
	FieldXRequestStart:   FieldXForwardedSsl,
	FieldRetryAfter:      FieldRemoteUser,
	FieldRemoteUser:      FieldRemoteAddr,
	FieldXURLScheme:      FieldXRequestID,
}

// LookupField returns the ID of a field name in any case, FieldOther when it is not known.
func LookupField(name []byte) FieldID {
	if len(name) == 0 || len(name) >= len(fieldByShape) {
		return FieldOther
	}
	for id := fieldByShape[len(name)][name[0]&31]; id != FieldOther; id = fieldNext[id] {
		if EqualFold(name, fieldNames[id]) {
			return id
		}
	}
	return FieldOther
}

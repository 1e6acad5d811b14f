// Package http1 is a strict HTTP/1.1 codec without I/O (RFC 9110, RFC 9112).
//
// Bytes go in; out comes how many of them were consumed, that more are needed, or a refusal with the status to answer.
// Nothing is copied: every slice of a [Request], a [Response] or a chunk points into the caller's buffer and is good
// only as long as those bytes stay where they are. Nothing is allocated, but for a head with more fields than any
// before it.
//
// The codec refuses whatever two parsers could read in two ways. Tolerating less than every worker behind
// the proxy is what makes the worker's own tolerance irrelevant; so each leniency below names its RFC text.
//
// A message gives the same result however its bytes were cut up on arrival: a start line is judged when its
// line end is there, fields are judged when the whole head is there, and limits depend on nothing but a prefix.
package http1

// Error says why a message was refused. Values are static, except those of [Response.Parse].
type Error struct {
	Status int    // status code to answer the client with
	Reason string // constant English, safe to log and to show
}

// Error implements error.
func (e *Error) Error() string { return e.Reason }

// Limit is which of the [Limits] a message was beyond.
type Limit uint8

// The limits.
const (
	LimitNone   Limit = iota
	LimitHead         // Limits.HeadBytes
	LimitTarget       // Limits.TargetBytes
	LimitFields       // Limits.Fields
)

// Limit is the limit that the message was beyond, LimitNone when it was refused for another reason. The reason tells:
// a [Response] gives its refusals another status.
func (e *Error) Limit() Limit {
	switch e.Reason {
	case errHeadTooLarge.Reason:
		return LimitHead
	case errTargetTooLong.Reason:
		return LimitTarget
	case errTooManyFields.Reason:
		return LimitFields
	}
	return LimitNone
}

// Limits bound one message head, and say what is let pass. The zero value accepts nothing; start from [DefaultLimits].
type Limits struct {
	HeadBytes   int // start line, fields and all line ends, bytes; beyond it 431
	TargetBytes int // request target, bytes; beyond it 414
	Fields      int // field lines; beyond it 431; never more than FieldsMax

	BareLF bool // requests: an LF without a CR ends a line of the head, too (RFC 9112 section 2.2)
}

// DefaultLimits are enough for every browser, the cookies of single sign-on included (16 to 32 KB are common), and
// inside what Tornado reads (64 KiB). It is never written to.
var DefaultLimits = Limits{HeadBytes: 32 << 10, TargetBytes: 16 << 10, Fields: 200}

// Framing says where a message's body ends (RFC 9112 section 6.3).
type Framing uint8

// The ways to frame a body.
const (
	FramingNone    Framing = iota // no body
	FramingLength                 // Length bytes, possibly 0
	FramingChunked                // a ChunkDecoder finds the end
	FramingClose                  // responses only: until the peer closes
)

// String names f for logs.
func (f Framing) String() string {
	switch f {
	case FramingNone:
		return "none"
	case FramingLength:
		return "length"
	case FramingChunked:
		return "chunked"
	case FramingClose:
		return "close"
	}
	return "unknown"
}

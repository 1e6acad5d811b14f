// Package refusal says why a request is refused or its response is not passed on: with the variable that sets the
// limit and its value, as the reader decides whether to change it. It knows neither a connection nor an exchange.
// Begin with [Limits].
package refusal

import (
	"errors"
	"strconv"
	"time"

	"percore/lbproxy/http1"
)

// Settings are the variables that requests and responses can run into. Sizes are in bytes; 0 is no limit for those of
// bodies.
type Settings struct {
	HeaderSize, HeaderFields int // of a request's head
	BareLF                   bool
	BufferSize               int // of a response's head
	HeaderTimeout            time.Duration
	BodyTimeout              time.Duration
	BodyMinRate              int64 // bytes a second
}

// Limits bound the heads of requests and responses, and word what is beyond them, or beyond a body's settings.
type Limits struct {
	Request, Response http1.Limits

	// A request that came too slowly, or was too much.
	HeadLate, BodyStopped, BodySlow string

	head, target, fields, response string
}

// New words the settings.
func New(s Settings) Limits {
	size, buffer := sizeText(int64(s.HeaderSize)), sizeText(int64(s.BufferSize))
	return Limits{
		Request: http1.Limits{
			HeadBytes: s.HeaderSize, TargetBytes: s.HeaderSize / 2, Fields: s.HeaderFields, BareLF: s.BareLF,
		},
		Response: http1.Limits{HeadBytes: s.BufferSize, Fields: http1.FieldsMax},
		HeadLate: "the request's head did not arrive in time: " +
			"PERCORE_CLIENT_HEADER_TIMEOUT=" + durationText(s.HeaderTimeout),
		BodyStopped: "the request's body stopped arriving: nothing for " +
			"PERCORE_CLIENT_BODY_TIMEOUT=" + durationText(s.BodyTimeout),
		BodySlow: "the request's body arrives too slowly: fewer bytes a second than " +
			"PERCORE_CLIENT_BODY_MIN_RATE=" + sizeText(s.BodyMinRate),
		head:     "the head is larger than PERCORE_CLIENT_MAX_HEADER_SIZE=" + size,
		target:   "the target is longer than half of PERCORE_CLIENT_MAX_HEADER_SIZE=" + size,
		fields:   "the head has more fields than PERCORE_CLIENT_MAX_HEADER_FIELDS=" + strconv.Itoa(s.HeaderFields),
		response: "the head of the worker's response is larger than PERCORE_PROXY_BUFFER_SIZE=" + buffer,
	}
}

// BodyLarge words the refusal of a body that is larger than bytes.
func BodyLarge(bytes int64) string {
	return "the request's body is too large: more than PERCORE_CLIENT_MAX_BODY_SIZE=" + sizeText(bytes)
}

// OfRequest words the refusal of a request; limit is the one that it was beyond, if that is why.
func (l *Limits) OfRequest(err error) (words string, limit http1.Limit) {
	limit = limitOf(err)
	switch limit {
	case http1.LimitHead:
		return l.head, limit
	case http1.LimitTarget:
		return l.target, limit
	case http1.LimitFields:
		return l.fields, limit
	default:
		return err.Error(), http1.LimitNone
	}
}

// OfResponse words the refusal of a response; it is empty where no limit is the reason.
func (l *Limits) OfResponse(err error) string {
	switch limitOf(err) {
	case http1.LimitHead:
		return l.response
	case http1.LimitFields:
		return tooManyFields
	default:
		return ""
	}
}

var tooManyFields = "the worker's response has more than " + strconv.Itoa(http1.FieldsMax) + " fields"

func limitOf(err error) http1.Limit {
	var refusal *http1.Error
	if errors.As(err, &refusal) {
		return refusal.Limit()
	}
	return http1.LimitNone
}

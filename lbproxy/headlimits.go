package lbproxy

import (
	"errors"
	"strconv"

	"percore/lbproxy/http1"
)

// headLimits bound the heads of requests and answers, and word what is beyond them: with the variable that sets the limit and its
// value, as whoever reads that decides whether to raise it.
type headLimits struct {
	request, answer           http1.Limits
	headWords, targetWords    string
	fieldsWords, answersWords string
}

func newHeadLimits(o *Options) headLimits {
	size, fields := o.ClientMaxHeaderSize, o.ClientMaxHeaderFields
	variable := "PERCORE_CLIENT_MAX_HEADER_SIZE=" + sizeText(int64(size))
	return headLimits{
		request:      http1.Limits{HeadBytes: size, TargetBytes: size / 2, Fields: fields, BareLF: o.BareLF},
		answer:       http1.Limits{HeadBytes: o.ProxyBufferSize, Fields: http1.FieldsMax},
		headWords:    "the head is larger than " + variable,
		targetWords:  "the target is longer than half of " + variable,
		fieldsWords:  "the head has more fields than PERCORE_CLIENT_MAX_HEADER_FIELDS=" + strconv.Itoa(fields),
		answersWords: "the head of the worker's answer is larger than PERCORE_PROXY_BUFFER_SIZE=" + sizeText(int64(o.ProxyBufferSize)),
	}
}

// ofRequest words the refusal of a request; limit is the one that it was beyond, if that is why.
func (h *headLimits) ofRequest(err error) (words string, limit http1.Limit) {
	limit = limitOf(err)
	switch limit {
	case http1.LimitHead:
		return h.headWords, limit
	case http1.LimitTarget:
		return h.targetWords, limit
	case http1.LimitFields:
		return h.fieldsWords, limit
	default:
		return err.Error(), http1.LimitNone
	}
}

// ofAnswer words the refusal of an answer; it is empty where no limit is the reason.
func (h *headLimits) ofAnswer(err error) string {
	switch limitOf(err) {
	case http1.LimitHead:
		return h.answersWords
	case http1.LimitFields:
		return tooManyAnswerFields
	default:
		return ""
	}
}

var tooManyAnswerFields = "the worker's answer has more than " + strconv.Itoa(http1.FieldsMax) + " fields"

func limitOf(err error) http1.Limit {
	var refusal *http1.Error
	if errors.As(err, &refusal) {
		return refusal.Limit()
	}
	return http1.LimitNone
}

// sizeText writes a number of bytes as one would set it: 32KB, 50MB, 1000.
func sizeText(bytes int64) string {
	units := [...]string{"", "KB", "MB", "GB"}
	unit := 0
	for unit < len(units)-1 && bytes != 0 && bytes%1024 == 0 {
		bytes, unit = bytes/1024, unit+1
	}
	return strconv.FormatInt(bytes, 10) + units[unit]
}

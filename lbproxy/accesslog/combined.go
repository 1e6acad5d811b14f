package accesslog

import (
	"strconv"
	"time"
)

// appendCombinedLine writes nginx's and Apache's "combined" format.
func appendCombinedLine(b []byte, r *Record) []byte {
	h := &r.Head
	b = r.Client.AppendAddress(b)
	b = append(b, " - - ["...)
	b = time.Now().AppendFormat(b, "02/Jan/2006:15:04:05 -0700")
	b = append(b, `] "`...)
	if method := h.method(); len(method) > 0 {
		b = appendEscaped(b, method)
		b = append(b, ' ')
		b = appendEscaped(b, h.target())
		b = append(b, " HTTP/1."...)
		b = append(b, '0'+r.Minor)
	}
	b = append(b, `" `...)
	b = strconv.AppendInt(b, int64(r.Status), 10)
	b = append(b, ' ')
	b = strconv.AppendInt(b, r.ResponseBytes, 10)
	b = appendQuotedOrDash(b, h.referer())
	b = appendQuotedOrDash(b, h.userAgent())
	return append(b, '\n')
}

func appendQuotedOrDash(b, value []byte) []byte {
	b = append(b, ` "`...)
	if len(value) == 0 {
		b = append(b, '-')
	}
	b = appendEscaped(b, value)
	return append(b, '"')
}

// appendEscaped writes a client's bytes so that they can end neither a quoted string nor a line, in a form that JSON
// reads too.
func appendEscaped(b, value []byte) []byte {
	const hex = "0123456789abcdef"
	for _, v := range value {
		switch {
		case v == '"' || v == '\\':
			b = append(b, '\\', v)
		case v < 0x20 || v >= 0x7f:
			b = append(b, '\\', 'u', '0', '0', hex[v>>4], hex[v&15])
		default:
			b = append(b, v)
		}
	}
	return b
}

package demo

import (
	"strconv"
	"strings"
	"time"

	"percore/lbproxy/http1"
)

// slowMax bounds /slow: longer than any test wants, shorter than a stop may take with patience.
const slowMax = 10 * time.Second

// appendAnswer appends the whole response to s.request.
func (s *session) appendAnswer(b []byte, path string, keep bool) []byte {
	p := s.newPage()
	mediaType, content := p.render(path, acceptsHTML(s.request.Fields))
	b = appendHead(b, 200, mediaType, len(content), keep, s.request.Minor)
	if s.request.MethodID == http1.MethodHEAD {
		return b
	}
	return append(b, content...)
}

// appendHead appends a response head with its empty line.
func appendHead(b []byte, status int, mediaType string, length int, keep bool, minor uint8) []byte {
	b = append(b, "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(status), 10)
	b = append(b, ' ')
	b = append(b, reasonPhrase(status)...)
	b = append(b, "\r\nServer: percore-demo\r\nDate: "...)
	b = time.Now().UTC().AppendFormat(b, "Mon, 02 Jan 2006 15:04:05 GMT") // RFC 9110 section 5.6.7
	b = append(b, "\r\nContent-Type: "...)
	b = append(b, mediaType...)
	b = append(b, "\r\nVary: Accept\r\nCache-Control: no-store\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(length), 10)
	switch {
	case !keep:
		b = append(b, "\r\nConnection: close"...)
	case minor == 0:
		b = append(b, "\r\nConnection: keep-alive"...) // HTTP/1.0 clients need to be told
	}
	return append(b, "\r\n\r\n"...)
}

// reasonPhrase knows the statuses this worker gives; a reason may be empty.
func reasonPhrase(status int) string {
	switch status {
	case 200:
		return "OK"
	case 400:
		return "Bad Request"
	case 405:
		return "Method Not Allowed"
	case 414:
		return "URI Too Long"
	case 417:
		return "Expectation Failed"
	case 431:
		return "Request Header Fields Too Large"
	case 501:
		return "Not Implemented"
	case 505:
		return "HTTP Version Not Supported"
	}
	return ""
}

// splitOrigin cuts an origin-form target into its path and its query.
func splitOrigin(origin []byte) (path, query string) {
	path, query, _ = strings.Cut(string(origin), "?")
	return path, query
}

// slowness reads ms from a query: 0 when it is missing or no number, slowMax at most.
func slowness(query string) time.Duration {
	for pair := range strings.SplitSeq(query, "&") {
		value, found := strings.CutPrefix(pair, "ms=")
		if !found {
			continue
		}
		ms, err := strconv.ParseUint(value, 10, 31)
		if err != nil {
			return 0
		}
		return min(time.Duration(ms)*time.Millisecond, slowMax)
	}
	return 0
}

package http1

import "strconv"

// AppendStatusLine appends the first line of a response, in the version that we speak. Reason may be empty; the space
// before it stays (RFC 9112 section 4).
func AppendStatusLine[R string | []byte](dst []byte, status int, reason R) []byte {
	dst = append(dst, "HTTP/1.1 "...)
	dst = strconv.AppendInt(dst, int64(status), 10)
	dst = append(dst, ' ')
	dst = append(dst, reason...)
	return append(dst, lineEnd...)
}

// AppendField appends a field line as Parse has found it: nothing is checked or escaped.
func AppendField(dst []byte, f *Field) []byte {
	dst = append(dst, f.Name...)
	dst = append(dst, ": "...)
	dst = append(dst, f.Value...)
	return append(dst, lineEnd...)
}

// AppendLine appends a field line of our own. Nothing is checked or escaped.
func AppendLine[V string | []byte](dst []byte, name string, value V) []byte {
	dst = append(dst, name...)
	dst = append(dst, ": "...)
	dst = append(dst, value...)
	return append(dst, lineEnd...)
}

// AppendNumber appends a field line whose value is a number.
func AppendNumber(dst []byte, name string, value int64) []byte {
	dst = append(dst, name...)
	dst = append(dst, ": "...)
	dst = strconv.AppendInt(dst, value, 10)
	return append(dst, lineEnd...)
}

// AppendUpgrade appends the fields that offer WebSocket, or that agree to it, where fields do (RFC 9110 section 7.8).
// They are hop-by-hop, and so have to be written anew. Connection has its capital: that is how RFC 6455 and browsers
// spell it, and some compare exactly.
func AppendUpgrade(dst []byte, fields []Field) []byte {
	for i := range fields {
		if fields[i].ID != FieldUpgrade {
			continue
		}
		if offer := WebSocketOffer(fields[i].Value); offer != nil {
			dst = append(dst, "Connection: Upgrade\r\nUpgrade: "...)
			dst = append(dst, offer...)
			return append(dst, lineEnd...)
		}
	}
	return dst
}

// lineEnd ends every line of a head, and, alone on its line, the head.
const lineEnd = "\r\n"

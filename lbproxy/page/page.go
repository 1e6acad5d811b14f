// Package page is the room for what the front door says itself: which of three formats a request wants, by its Accept
// fields, and the body that a status and a reason make in it. It is pure, bytes in and bytes out, and knows neither a
// connection nor an exchange: the caller that writes a page to a client adds the head. Begin with Append here;
// negotiate.go chooses the format.
package page

import "strconv"

// BodyBytesMax is room for the longest of our bodies; a longer one would be allocated.
const BodyBytesMax = 512

// Format is how a page is worded.
type Format uint8

// The formats. HTML is for a request that does not say what it accepts.
const (
	HTML Format = iota
	Text
	JSON
	formats
)

var contentTypes = [formats]string{"text/html; charset=utf-8", "text/plain; charset=utf-8", "application/json"}

// ContentType is the media type of a page in this format.
func (f Format) ContentType() string { return contentTypes[f] }

// reasons are the reason phrases of the statuses that the front door itself answers with; RFC 9110 section 15.
var reasons = map[int]string{
	204: "No Content",
	400: "Bad Request", 405: "Method Not Allowed", 408: "Request Timeout", 413: "Content Too Large", 414: "URI Too Long",
	417: "Expectation Failed", 431: "Request Header Fields Too Large", 500: "Internal Server Error", 501: "Not Implemented",
	502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout", 505: "HTTP Version Not Supported",
}

// Reason is the reason phrase of a status that the front door itself answers with, empty for any other.
func Reason(status int) string { return reasons[status] }

// Append appends the page. A reason is a constant of ours, never a client's byte, so nothing in it needs escaping.
func Append(b []byte, f Format, status int, reason string) []byte {
	switch f {
	case JSON:
		b = append(b, `{"status":`...)
		b = strconv.AppendInt(b, int64(status), 10)
		b = append(b, `,"error":"`...)
		b = append(b, reasons[status]...)
		b = append(b, `","reason":"`...)
		b = append(b, reason...)
		return append(b, "\"}\n"...)
	case Text:
		b = appendStatus(b, status)
		b = append(b, ": "...)
		b = append(b, reason...)
		return append(b, '\n')
	default:
		return appendHTML(b, status, reason)
	}
}

func appendHTML(b []byte, status int, reason string) []byte {
	b = append(b, "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>"...)
	b = appendStatus(b, status)
	b = append(b, ": "...)
	b = append(b, reason...)
	b = append(b, "</title></head>\n<body><h1>"...)
	b = appendStatus(b, status)
	b = append(b, "</h1><p>"...)
	b = append(b, reason...)
	return append(b, "</p></body>\n</html>\n"...)
}

func appendStatus(b []byte, status int) []byte {
	b = strconv.AppendInt(b, int64(status), 10)
	b = append(b, ' ')
	return append(b, reasons[status]...)
}

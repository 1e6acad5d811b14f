package lbproxy

import (
	"strconv"
	"time"
)

// wallClock formats the time for a loop's messages: the date once a second at most, and for each request when it came.
type wallClock struct {
	second int64
	date   []byte
	millis int64 // since the Unix epoch, as of the loop's turn
}

func (w *wallClock) set(now time.Time) { w.millis = now.UnixMilli() }

// appendRequestStart writes the field from which an application learns how long a request has waited before it: when its head
// was complete, in the form that Heroku's router and nginx's $msec made usual.
func (w *wallClock) appendRequestStart(b []byte) []byte {
	b = append(b, "X-Request-Start: t="...)
	b = strconv.AppendInt(b, w.millis, 10)
	return append(b, crlf...)
}

// httpDateLayout is IMF-fixdate; RFC 9110 section 5.6.7.
const httpDateLayout = "Mon, 02 Jan 2006 15:04:05 GMT"

// httpDate returns the turn's date for a Date field. It is valid until the next call.
func (w *wallClock) httpDate() []byte {
	if second := w.millis / 1000; second != w.second {
		w.second = second
		w.date = time.Unix(second, 0).UTC().AppendFormat(w.date[:0], httpDateLayout)
	}
	return w.date
}

package lbproxy

import "time"

// wallClock formats the date for a loop's answers, once a second at most.
type wallClock struct {
	second int64
	date   []byte
}

// httpDateLayout is IMF-fixdate; RFC 9110 section 5.6.7.
const httpDateLayout = "Mon, 02 Jan 2006 15:04:05 GMT"

// httpDate returns the current date for a Date field. It is valid until the next call.
func (w *wallClock) httpDate() []byte {
	now := time.Now()
	if s := now.Unix(); s != w.second || len(w.date) == 0 {
		w.second = s
		w.date = now.UTC().AppendFormat(w.date[:0], httpDateLayout)
	}
	return w.date
}

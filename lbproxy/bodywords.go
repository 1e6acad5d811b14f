package lbproxy

import (
	"strconv"
	"time"

	"percore/lbproxy/notice"
)

// bodyWords say which setting a client ran into with a request that came too slowly, or was too much, and what it is: whoever reads that decides
// whether to change it.
type bodyWords struct{ header, stopped, slow, large string }

func newBodyWords(o *Options) bodyWords {
	return bodyWords{
		header:  "the request's head did not arrive in time: PERCORE_CLIENT_HEADER_TIMEOUT=" + durationText(o.ClientHeaderTimeout),
		stopped: "the request's body stopped arriving: nothing for PERCORE_CLIENT_BODY_TIMEOUT=" + durationText(o.ClientBodyTimeout),
		slow:    "the request's body arrives too slowly: fewer bytes a second than PERCORE_CLIENT_BODY_MIN_RATE=" + sizeText(o.ClientBodyMinRate),
		large:   "the request's body is too large: more than PERCORE_CLIENT_MAX_BODY_SIZE=" + sizeText(o.ClientMaxBodySize),
	}
}

// durationText writes a duration as one would set it: 10s, 1.5s, 300ms.
func durationText(d time.Duration) string {
	if d >= time.Second {
		return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + "s"
	}
	return d.String()
}

// explain words what ended an exchange where a setting did. A body that ran into one is the operator's business, too, but strangers must not
// fill the log with it.
func (x *exchange) explain(why cause) {
	l := x.loop
	words, pace := "", (*notice.Pace)(nil)
	switch why {
	case causeHeaderTimeout:
		words = l.words.header
	case causeBodyTimeout:
		words, pace = l.words.stopped, &l.complaints.stopped
	case causeBodyTooSlow:
		words, pace = l.words.slow, &l.complaints.slow
	case causeBodyTooLarge:
		words, pace = l.words.large, &l.complaints.large
	default:
		return
	}
	x.refusal = words
	if pace != nil {
		l.complain(pace, sideDownstream, "request refused", words)
	}
}

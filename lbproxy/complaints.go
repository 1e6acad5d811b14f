package lbproxy

import (
	"log/slog"

	"percore/lbproxy/notice"
)

// complain says something now and then that would otherwise be said for each of many connections.
func (l *loop) complain(pace *notice.Pace, by side, message, reason string) {
	if _, line := pace.Admit(l.now); line {
		l.proxy.notices.Offer(notice.Line{Level: slog.LevelWarn, Message: message, Reason: reason, Side: by.String()})
	}
}

// admitLine says whether a failure of a kind that comes in floods has a line. Whoever debugs wants all, and can tell
// by the level which ones there would have been.
func (l *loop) admitLine(line *notice.Line, why cause) (admitted bool) {
	if line.Others, admitted = l.complaints.floods[why].Admit(l.now); !admitted {
		line.Level = slog.LevelDebug
	}
	return admitted || l.proxy.debug
}

// byNumber reports whether strangers can cause it by asking often enough.
func (c cause) byNumber() bool {
	switch c {
	case causeNoWorker, causeBusy, causeQueueFull, causeNoSocket, causeNoMemory:
		return true
	default:
		return false
	}
}

// explain words what ended an exchange where a setting did. A body that ran into one is the operator's business, too,
// but strangers must not fill the log with it.
func (x *exchange) explain(why cause) {
	l := x.loop
	words, pace := "", (*notice.Pace)(nil)
	switch why {
	case causeHeaderTimeout:
		words = l.limits.HeadLate
	case causeBodyTimeout:
		words, pace = l.limits.BodyStopped, &l.complaints.stopped
	case causeBodyTooSlow:
		words, pace = l.limits.BodySlow, &l.complaints.slow
	case causeBodyTooLarge:
		words, pace = x.service.bodyLarge, &l.complaints.large
	default:
		return
	}
	x.refusal = words
	if pace != nil {
		l.complain(pace, sideDownstream, "request refused", words)
	}
}

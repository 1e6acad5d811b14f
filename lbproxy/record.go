package lbproxy

import (
	"log/slog"
	"time"

	"percore/lbproxy/accesslog"
	"percore/lbproxy/balance"
	"percore/lbproxy/http1"
	"percore/lbproxy/notice"
)

// noteTry keeps the status that the current try came to.
func (x *exchange) noteTry(status int) {
	if n := int(x.wait.Tries); n > 0 && n <= accesslog.TriesNoted {
		x.statuses[n-1] = uint16(status)
	}
}

// noteHead copies what the access line will need from the head in r.
func (x *exchange) noteHead(r *http1.Request) {
	l := x.loop
	if !l.log.IsOn() {
		return
	}
	excerpt := l.log.Excerpt(r)
	l.buffers.Put(x.noted.Buffer())
	x.noted = excerpt.CopyTo(l.buffers.Get(excerpt.Size()))
}

// writeDown leaves the record of an exchange that has ended.
func (x *exchange) writeDown() {
	l := x.loop
	if !l.log.IsOn() {
		return
	}
	r := accesslog.Record{
		Head: x.noted, Client: x.client, Peer: l.conns.at(x.downstream).peer, Minor: x.writer.minor, HTTPS: x.https,
		Status: x.response.status, RequestBytes: x.upload.body.Total, ResponseBytes: x.writer.bodyBytes,
		HeldRequest: x.heldBytes, HeldResponse: x.writer.over.total,
		Times: x.times(),
		Tries: accesslog.Tries{Count: int(x.wait.Tries), Statuses: x.statuses, Reused: x.reused},
	}
	if x.last != nil {
		r.Tries.Worker, r.Tries.PID = x.last.Name, x.last.PID
	}
	if x.why != causeNone {
		r.Reason, r.Side, r.Err = x.reasonName(), outcomes[x.why].side.String(), x.reason(x.why)
	}
	l.log.Write(&r)
}

// times are how long an exchange that ends now took, and its parts: head and first byte from its first byte on.
func (x *exchange) times() accesslog.Times {
	span := func(there bool, nanos int64) time.Duration {
		if !there {
			return accesslog.Never
		}
		return time.Duration(max(0, nanos))
	}
	return accesslog.Times{
		Total:     span(true, x.loop.nowNanos-x.wait.Since),
		Head:      span(x.headNanos != 0, x.headNanos-x.wait.Since),
		Queue:     span(x.parkedNanos != 0, x.queuedNanos),
		Connect:   span(x.connectedNanos != 0, x.connectedNanos-x.connectNanos),
		FirstByte: span(x.firstNanos != 0, x.firstNanos-x.wait.Since),
		Receive:   span(x.wholeNanos != 0, x.wholeNanos-x.wait.Since),
		Send:      span(x.saidNanos != 0, x.loop.nowNanos-x.saidNanos),
	}
}

// reasonName is the one word for what ended an exchange. A refused head shares a cause with what is malformed in
// other ways, yet has a remedy of its own.
func (x *exchange) reasonName() string {
	if x.why == causeBadRequest && (x.response.status == statusURITooLong || x.response.status == statusHeadTooLarge) {
		return "head_too_large"
	}
	return outcomes[x.why].name
}

const (
	statusURITooLong   = 414
	statusHeadTooLarge = 431
)

// admitLine reports whether a failure of a kind that comes in floods has a line. At debug level all have one, and can
// tell by the level which ones there would have been.
func (l *loop) admitLine(line *notice.Line, why cause) (admitted bool) {
	if line.Others, admitted = l.complaints.floods[why].Admit(l.now); !admitted {
		line.Level = slog.LevelDebug
	}
	return admitted || l.proxy.debug
}

// byNumber reports whether strangers can cause it by asking often enough.
func (c cause) byNumber() bool {
	switch c {
	case causeNoWorker, causeBusy, causeQueueFull, causeNoSocket, causeNoMemory, causeNoTemp:
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

// logCause reports what ended an exchange. Lines are handed over and may be dropped: a loop never waits for a log.
func (x *exchange) logCause(why cause) {
	l := x.loop
	o := &outcomes[why]
	x.why = why
	if o.level <= slog.LevelDebug && !l.proxy.debug {
		return
	}
	line := notice.Line{
		Level: o.level, Message: "request failed", Reason: x.reason(why), Side: o.side.String(), Status: o.status,
		Tries: x.wait.Tries,
	}
	if why.byNumber() && !l.admitLine(&line, why) {
		return
	}
	if x.last != nil {
		line.Worker = x.last.Name
	}
	l.proxy.notices.Offer(line)
}

// reason words what ended an exchange.
func (x *exchange) reason(why cause) string {
	if x.refusal != "" {
		return x.refusal
	}
	return outcomes[why].reason
}

// logTry reports a failed try of which the exchange may yet recover.
func (x *exchange) logTry(t *balance.Backend, why cause) {
	x.noteTry(outcomes[why].status)
	if !x.loop.proxy.debug || t == nil {
		return
	}
	o := &outcomes[why]
	x.loop.proxy.notices.Offer(notice.Line{
		Level: slog.LevelDebug, Message: "try failed", Reason: o.reason, Side: o.side.String(), Worker: t.Name,
		Tries: x.wait.Tries,
	})
}

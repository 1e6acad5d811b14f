package lbproxy

import (
	"time"

	"percore/lbproxy/accesslog"
	"percore/lbproxy/http1"
)

// traces are what is written down of an exchange beyond what serving it takes. Times are on the loop's clock, in nanoseconds;
// 0 is never.
type traces struct {
	headNanos      int64 // the request's head was complete
	connectNanos   int64 // the last connect began
	connectedNanos int64 // and ended
	firstNanos     int64 // the response's head was complete
	why            cause
	refusal        string // what was wrong with the message, where the cause alone does not say it
	noted          accesslog.Head
	statuses       [accesslog.TriesNoted]uint16 // see Tries
	reused         bool                         // the last try went over a kept connection
	https          bool                         // the client's scheme, as far as a trusted proxy says so
}

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
		Status: x.response.status, RequestBytes: x.upload.body.total, ResponseBytes: x.writer.bodyBytes,
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
	}
}

// reasonName is the one word for what ended an exchange. A refused head shares a cause with what is malformed in other
// ways, yet has a remedy of its own.
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

package lbproxy

import (
	"log/slog"

	"percore/lbproxy/balance"
	"percore/lbproxy/notice"
)

// tryFailed ends one try of an exchange and decides, by the table of outcomes, whether there is another
// (RFC 9110 section 9.2.2: a proxy never repeats by itself what is not safe to repeat).
func (x *exchange) tryFailed(why cause) {
	l := x.loop
	t, untouched := x.backend, x.request.sent == 0
	x.letGo(false)
	x.logTry(t, why)
	x.failure = why
	x.wait.NoteRefusal(why == causeConnectRefused, l.nowNanos)
	if t != nil && x.response.state == responseAwaited {
		x.service.noteFailure(t, why)
	}
	if t == nil || x.hasBegun() {
		x.abort(why)
		return
	}
	if outcomes[why].retry != balance.NoRetry && x.clientEnd().hasLeft() {
		x.abort(causeClientClosed)
		return
	}
	x.wait.Repeat = x.wait.Repeat || !untouched
	verdict, suspicious := balance.Decide(balance.Try{
		Rule: outcomes[why].retry, Untouched: untouched, Repeatable: x.request.replay && x.method.Idempotent(),
		Others: x.service.options.NextUpstream, UsedSame: x.stale != nil, KeptHere: x.stale == t,
		Up:    x.service.table.IsUp(t.Index, t.Incarnation),
		Known: x.deaths.IsKnown(t), Suspect: x.deaths.IsSuspect(x.service.table),
	})
	if suspicious {
		x.deaths.Suspect(t)
	}
	x.obey(verdict, t)
}

// obey does with a request that t has failed what was decided.
func (x *exchange) obey(verdict balance.Verdict, t *balance.Backend) {
	switch verdict {
	case balance.Abort:
		x.abort(x.failure)
	case balance.AbortClosed:
		x.abort(causeStale)
	case balance.Same: // it keeps its place meanwhile; as it is no more load, it is none of the repeats that are counted
		x.stale = t
		x.sendTo(t, false)
	case balance.Other:
		x.tryOther(t)
	case balance.Anew:
		x.stale = t
		x.releaseWorker()
		x.assign()
	}
}

// tryOther gives a request that t has failed to another worker, while there is time for that.
func (x *exchange) tryOther(t *balance.Backend) {
	if x.failure == causeConnectTimeout {
		x.refusedNanos += x.loop.nowNanos - x.connectNanos
	}
	if x.isOverdue() {
		x.abort(x.failure)
		return
	}
	x.wait.NoteTried(t)
	x.releaseWorker()
	x.assign()
}

// readTimedOut handles a worker that took or sent nothing for too long, unless the exchange waited for the client.
func (l *loop) readTimedOut(u *conn) {
	x := l.exchangeOf(u)
	if x.request.state == requestStreaming && x.request.unsent.Pending() == 0 && x.response.state == responseAwaited {
		l.timers.Set(u.slot, x.service.timer(timerRead), l.now)
		return
	}
	x.tryFailed(causeReadTimeout)
}

// abort ends an exchange for good: with the status that the cause asks for when nothing of a response is out yet,
// else visibly, by closing the connection in the middle; a clean end is never made up.
func (x *exchange) abort(why cause) {
	l := x.loop
	if x.request.state == requestParked {
		x.unpark()
	}
	if x.upload.state == uploadHead && l.conns.at(x.downstream).state != stateProxy {
		x.glimpse(x.upload.in.Bytes())
	}
	if x.upstream != noSlot && (x.request.state == requestSending || x.request.unsent.Pending() > 0) {
		l.conns.at(x.upstream).resetOnClose() // a FIN would wait behind what the worker does not take
	}
	x.detachWorker(false)
	x.explain(why)
	x.logCause(why)
	o := &outcomes[why]
	if x.hasBegun() || o.status == 0 || why == causeClientClosed {
		x.cut(o.status)
		return
	}
	x.respond(o.status, x.reason(why)+x.service.whyNoneIsUp(o.status))
}

// cut ends a response in its middle, or before its beginning. A client that knows a response's end by more than the end
// of its connection still gets what is here of it.
func (x *exchange) cut(status int) {
	if !x.listens() || x.writer.pending() == 0 || x.response.state == responseTunnel || x.writer.endsWithConnection() {
		x.drop(status)
		return
	}
	x.response.state, x.writer.keepAlive = responseTaken, false
	x.stopUpload()
}

// listens reports whether the client may still be there to hear something, in spite of what ended the exchange.
func (x *exchange) listens() bool {
	return x.why != causeClientClosed && x.why != causeSendTimeout && x.why != causeReadingOwed
}

// drop closes the client's connection without another word: by a reset where the client would take a FIN for the end
// of the body. Any other may still be sending, and a close on top of that would be a reset, which could destroy what
// it has not read of its response.
func (x *exchange) drop(status int) {
	l := x.loop
	c := l.conns.at(x.downstream)
	if !x.hasBegun() {
		x.response.status = status
	}
	x.writeDown()
	reset := (x.response.state == responseRelaying || x.writer.pending() > 0) && x.writer.endsWithConnection() ||
		x.why == causeSendTimeout || x.why == causeReadingOwed // what the kernel holds for it would stay for minutes
	listens := x.listens() && !c.gone()
	l.freeExchange(x)
	switch {
	case reset:
		c.resetOnClose()
		l.closeConn(c)
	case listens:
		l.linger(c)
	default:
		l.closeConn(c)
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

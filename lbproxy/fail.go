package lbproxy

import "log/slog"

// tryFailed ends one try of an exchange and decides, by the table of outcomes, whether there is another
// (RFC 9110 section 9.2.2: a proxy never repeats by itself what is not safe to repeat).
func (l *loop) tryFailed(x *exchange, why cause) {
	t, untouched := x.target, x.sent == 0
	l.letGo(x, false)
	l.logTry(x, t, why)
	x.failure = why
	x.noteRefusal(why, l.nowNanos)
	if t != nil && x.response == responseAwaited {
		l.noteFailure(t, why)
	}
	if t == nil || x.committed || x.response != responseAwaited {
		l.abort(x, why)
		return
	}
	rule := outcomes[why].retry
	if untouched && (why == causeStale || why == causeDied) {
		rule = retryAnyMethod // the worker has not seen a byte of it
		if why == causeStale {
			rule = retrySameWorker
		}
	}
	x.repeat = x.repeat || !untouched
	repeatable := x.replay && x.method.Idempotent()
	switch {
	case rule != retryNever && l.hasLeft(l.conns.at(x.downstream)):
		l.abort(x, causeClientClosed)
	case rule == retrySameWorker && x.stale == nil && (repeatable || untouched):
		x.stale = t
		l.retrySame(x, t)
	case !l.options.NextUpstream:
		l.abort(x, why)
	case rule == retryAnyMethod:
		if x.stale == t && !l.survives(x, t) { // the kept connection closed because its worker died, perhaps of this request
			l.abort(x, causeStale)
			return
		}
		l.tryOther(x, t)
	case (rule == retryOneOther || rule == retrySameWorker) && repeatable && !l.isSuspect(x):
		x.suspect(t)
		l.tryOther(x, t)
	default:
		l.abort(x, why)
	}
}

// tryOther gives a request that t has failed to another worker, while there is time for that.
func (l *loop) tryOther(x *exchange, t *target) {
	if x.failure == causeConnectTimeout {
		x.refusedNanos += l.nowNanos - x.connectNanos
	}
	if l.isOverdue(x) {
		l.abort(x, x.failure)
		return
	}
	x.tried.add(t.Index)
	l.releaseWorker(x)
	l.assign(x)
}

// retrySame repeats a request on a fresh connection to the worker that had closed a kept one, if it is still there. The
// request keeps its place meanwhile, and as it is no more load for anybody it is none of the repeats that are counted.
func (l *loop) retrySame(x *exchange, t *target) {
	switch {
	case l.table.isUp(t.Index, t.Incarnation):
		l.sendTo(x, t, false)
	case !l.options.NextUpstream, !l.survives(x, t):
		l.abort(x, causeStale)
	default:
		l.releaseWorker(x)
		l.assign(x)
	}
}

// readTimedOut handles a worker that took or sent nothing for too long, unless the exchange waited for the client.
func (l *loop) readTimedOut(u *conn) {
	x := l.exchangeOf(u)
	if x.request == requestStreaming && x.toWorker.pending() == 0 && x.response == responseAwaited {
		l.timers.Set(u.slot, timerRead, l.now)
		return
	}
	l.tryFailed(x, causeReadTimeout)
}

// abort ends an exchange for good: with the status that the cause asks for when nothing of an answer is out yet,
// else visibly, by closing the connection in the middle; a clean end is never made up.
func (l *loop) abort(x *exchange, why cause) {
	if x.request == requestParked {
		l.unpark(x)
	}
	if c := l.conns.at(x.downstream); c.state == stateIdle || c.state == stateHead {
		l.glimpse(x, x.in.bytes())
	}
	if x.upstream != noSlot && (x.request == requestSending || x.toWorker.pending() > 0) {
		resetOnClose(l.conns.at(x.upstream).fd) // a FIN would wait behind what the worker does not take
	}
	l.detachWorker(x, false)
	l.explain(x, why)
	l.logCause(x, why)
	o := &outcomes[why]
	if x.committed || o.status == 0 || why == causeClientClosed {
		l.cut(x, o.status)
		return
	}
	l.answer(x, x.requestHead(), o.status, x.reason(why)+l.table.whyNoneIsUp(o.status))
}

// cut ends an answer in its middle, or before its beginning. A client that knows an answer's end by more than the end of its
// connection still gets what is here of it.
func (l *loop) cut(x *exchange, status int) {
	if !x.listens() || x.toClient.pending() == 0 || x.response == responseTunnel || x.endsWithConnection() {
		l.drop(x, status)
		return
	}
	x.response, x.keepAlive = responseTaken, false
	l.stopUpload(x)
}

// listens tells whether the client may still be there to hear something, in spite of what ended the exchange.
func (x *exchange) listens() bool {
	return x.why != causeClientClosed && x.why != causeSendTimeout && x.why != causeReadingOwed
}

// drop closes the client's connection without another word: by a reset where the client would take a FIN for the end of the body. Any
// other may still be sending, and a close on top of that would be a reset, which could destroy what it has not read of its answer.
func (l *loop) drop(x *exchange, status int) {
	c := l.conns.at(x.downstream)
	if !x.committed {
		x.status = status
	}
	l.log.write(l, x)
	reset := (x.response == responseRelaying || x.toClient.pending() > 0) && x.endsWithConnection() ||
		x.why == causeSendTimeout || x.why == causeReadingOwed // what the kernel holds for it would stay for minutes
	listens := x.listens() && !c.has(flagBroken)
	l.freeExchange(x)
	c.exchange = noSlot
	switch {
	case reset:
		resetOnClose(c.fd)
		l.closeConn(c)
	case listens:
		l.linger(c)
	default:
		l.closeConn(c)
	}
}

// logCause reports what ended an exchange. Lines are handed over and may be dropped: a loop never waits for a log.
func (l *loop) logCause(x *exchange, why cause) {
	o := &outcomes[why]
	x.why = why
	if o.level <= slog.LevelDebug && !l.proxy.debug {
		return
	}
	e := event{level: o.level, message: "request failed", reason: x.reason(why), side: o.side, status: o.status, tries: x.tries}
	if why.byNumber() && !l.admitLine(&e, why) {
		return
	}
	if x.last != nil {
		e.worker = x.last.Name
	}
	l.proxy.events.offer(e)
}

// reason words what ended an exchange.
func (x *exchange) reason(why cause) string {
	if x.refusal != "" {
		return x.refusal
	}
	return outcomes[why].reason
}

// logTry reports a failed try of which the exchange may yet recover.
func (l *loop) logTry(x *exchange, t *target, why cause) {
	x.noteTry(outcomes[why].status)
	if !l.proxy.debug || t == nil {
		return
	}
	o := &outcomes[why]
	l.proxy.events.offer(event{level: slog.LevelDebug, message: "try failed", reason: o.reason, side: o.side, worker: t.Name, tries: x.tries})
}

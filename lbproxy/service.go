package lbproxy

import (
	"log/slog"
	"math"
	"time"

	"percore/lbproxy/balance"
	"percore/lbproxy/notice"
)

// firstStartTimeout is how long a request waits during the first start; 0 is no limit.
func (o *Options) firstStartTimeout() time.Duration {
	if o.QueueTimeout == 0 {
		return 0
	}
	return max(o.QueueTimeout, o.ReadyTimeout)
}

// waitMax is how long a request that is parked now may look for a worker in all; 0 is no limit.
func (l *loop) waitMax() time.Duration {
	if l.table.StartsFirst() {
		return l.options.firstStartTimeout()
	}
	return l.options.QueueTimeout
}

// noteFailure counts a connect that failed or an answer that did not come, after several of which in a row the worker is taken
// out. A kept connection that was closed does not count, nor does any answer: those are the application's.
func (l *loop) noteFailure(t *balance.Backend, why cause) {
	switch why {
	case causeConnectRefused, causeConnectTimeout, causeReadTimeout:
	default:
		return
	}
	if !l.proxy.group.NoteFailure(t, l.steady()) {
		return
	}
	l.proxy.notices.Offer(notice.Line{
		Level: slog.LevelWarn, Message: "worker taken out", Reason: "several connects or answers in a row failed", Side: sideUpstream.String(), Worker: t.Name,
	})
	l.proxy.changed()
}

// noteAnswer ends a row of failures.
func (l *loop) noteAnswer(t *balance.Backend) {
	if t == nil || !t.NoteAnswer() {
		return
	}
	l.proxy.notices.Offer(notice.Line{Level: slog.LevelInfo, Message: "worker is back", Reason: "it answered a probe", Side: sideUpstream.String(), Worker: t.Name})
	l.proxy.changed()
}

// whyNoneIsUp is what to add to an answer with this status when no worker is up and it is known of one why; empty is nothing.
func (l *loop) whyNoneIsUp(status int) string {
	if status != statusUnavailable {
		return ""
	}
	if trouble := l.table.Trouble(); trouble != "" {
		return ": " + trouble
	}
	return ""
}

const statusUnavailable = 503

// timeLeft is how much longer a request may look for a worker.
func (x *exchange) timeLeft() time.Duration {
	l := x.loop
	limit := l.waitMax()
	if limit == 0 {
		return math.MaxInt64
	}
	sought := x.soughtNanos()
	if x.request.state == requestParked {
		sought += l.nowNanos - x.parkedNanos
	}
	return limit - time.Duration(sought)
}

// hopeless says why a request need not wait: no worker is up and none will be in the time that is left to it, or all that are refuse
// it. It is causeNone where there is something to wait for.
func (x *exchange) hopeless() cause {
	switch x.loop.table.Prospect(&x.wait, x.loop.nowNanos, x.timeLeft()) {
	case balance.NoneComing:
		return causeNoneComing
	case balance.AllRefuse:
		return causeConnectRefused
	case balance.Hopeful:
	}
	return causeNone
}

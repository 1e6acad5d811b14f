package lbproxy

import (
	"log/slog"
	"math"
	"sync/atomic"
	"time"

	"percore/lbproxy/balance"
	"percore/lbproxy/notice"
)

// service is what answers requests, as one loop sees it: workers with their balance, their queue, their kept
// connections and their limits. An exchange has one, and asks nothing of another. What all loops share of it is a
// value of its own.
type service struct {
	loop      *loop
	id        int // among the services of the front door
	options   *ServiceOptions
	shared    *balance.Service
	balancer  balance.Balancer
	table     *balance.Table // of the loop's snapshot; nil before there is one
	pools     pools
	bodyLarge string                // what is said to a client whose body is too large
	oldest    atomic.Pointer[[]age] // see noteOldest
}

// newService makes l's end of a service.
func newService(l *loop, id int, shared *balance.Service) *service {
	s := &service{loop: l, id: id, shared: shared, balancer: balance.NewBalancer(shared, &l.mailbox, l.id)}
	s.pools.service = s
	return s
}

// firstStartTimeout is how long a request waits during the first start; 0 is no limit.
func (o *ServiceOptions) firstStartTimeout() time.Duration {
	if o.QueueTimeout == 0 {
		return 0
	}
	return max(o.QueueTimeout, o.ReadyTimeout)
}

// waitMax is how long a request that is parked now may look for a worker in all; 0 is no limit.
func (s *service) waitMax() time.Duration {
	if s.table.StartsFirst() {
		return s.options.firstStartTimeout()
	}
	return s.options.QueueTimeout
}

// wouldRefuse reports whether a request that came now would find neither a worker nor a place in the queue.
func (s *service) wouldRefuse() bool {
	waiting := s.shared.Waiting()
	return waiting >= int64(s.options.QueueSize) && (waiting > 0 || !s.table.AnyUp())
}

// hasFree reports whether a request that came now would have a worker at once.
func (s *service) hasFree() bool { return s.shared.Waiting() == 0 && s.balancer.AnyFree(s.table) }

// serve gives places to requests that wait, as there may be more.
func (s *service) serve() {
	if s.shared.Waiting() > 0 {
		s.balancer.Serve(s.loop.steady())
	}
}

// freed passes on a place at t that no request has any more.
func (s *service) freed(t *balance.Backend) {
	s.serve()
	if t.Load() == 0 {
		s.loop.proxy.workerIdle()
	}
}

// noteFailure counts a connect that failed or a response that did not come, after several of which in a row the worker
// is taken out. A kept connection that was closed does not count, nor does any response: those are the application's.
func (s *service) noteFailure(t *balance.Backend, why cause) {
	switch why {
	case causeConnectRefused, causeConnectTimeout, causeReadTimeout:
	default:
		return
	}
	if s.shared.NoteFailure(t, s.loop.steady()) {
		s.tell(slog.LevelWarn, t, "worker taken out", "several connects or responses in a row failed")
		s.loop.proxy.changed()
	}
}

// noteResponse ends a row of failures.
func (s *service) noteResponse(t *balance.Backend) {
	if t != nil && t.NoteResponse() {
		s.tell(slog.LevelInfo, t, "worker is back", "it answered a probe")
		s.loop.proxy.changed()
	}
}

// tell says in the log what has become of a worker.
func (s *service) tell(level slog.Level, t *balance.Backend, message, reason string) {
	s.loop.proxy.notices.Offer(notice.Line{
		Level: level, Message: message, Reason: reason, Side: sideUpstream.String(), Worker: t.Name,
	})
}

// whyNoneIsUp is what to add to a response with this status when no worker is up and it is known of one why; empty is
// nothing.
func (s *service) whyNoneIsUp(status int) string {
	if status != statusUnavailable {
		return ""
	}
	if trouble := s.table.Trouble(); trouble != "" {
		return ": " + trouble
	}
	return ""
}

const statusUnavailable = 503

// soughtNanos is for how long a request has looked for a worker, without what is not held against it.
func (x *exchange) soughtNanos() int64 { return x.queuedNanos + x.refusedNanos - x.firstStart }

// isOverdue reports whether a request has looked for a worker for as long as it may, in the queue and by connects that
// came to nothing. The time that a worker had it does not count.
func (x *exchange) isOverdue() bool {
	limit := x.service.waitMax()
	return limit > 0 && x.soughtNanos() >= int64(limit)
}

// timeLeft is how much longer a request may look for a worker.
func (x *exchange) timeLeft() time.Duration {
	limit := x.service.waitMax()
	if limit == 0 {
		return math.MaxInt64
	}
	sought := x.soughtNanos()
	if x.request.state == requestParked {
		sought += x.loop.nowNanos - x.parkedNanos
	}
	return limit - time.Duration(sought)
}

// hopeless says why a request need not wait: no worker is up and none will be in the time that is left to it, or all
// that are refuse it. It is causeNone where there is something to wait for.
func (x *exchange) hopeless() cause {
	switch x.service.table.Prospect(&x.wait, x.loop.nowNanos, x.timeLeft()) {
	case balance.NoneComing:
		return causeNoneComing
	case balance.AllRefuse:
		return causeConnectRefused
	case balance.Hopeful:
	}
	return causeNone
}

// unpark ends an exchange's wait before it was over, and passes on the place that it may have got.
func (x *exchange) unpark() {
	x.endWait()
	if t := x.service.balancer.Leave(&x.wait); t != nil {
		x.service.shared.EndRepeat(&x.wait)
		t.Release()
		x.service.freed(t)
	}
}

func (x *exchange) endWait() {
	l := x.loop
	x.request.state = requestHeld
	x.queuedNanos += l.nowNanos - x.parkedNanos
	if x.service.table.StartsFirst() {
		x.firstStart += l.nowNanos - x.parkedNanos
	}
}

// endRepeat ends the repeat that x may be: its worker has answered, and how long the response goes on says nothing
// about the next one.
func (x *exchange) endRepeat() {
	if x.service.shared.EndRepeat(&x.wait) {
		x.service.serve()
	}
}

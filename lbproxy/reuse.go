package lbproxy

import (
	"log/slog"

	"percore/lbproxy/balance"
)

const (
	// freshMillis is how recently a kept connection must have been used to carry a request that must not be
	// repeated: no worker's idle timer is that short, so it cannot be closing just now.
	freshMillis = 100
	// hastyMillis after its last response a kept connection should not have ended. A worker that does that all the
	// same, and did not say so, has no idle timer to be relied on. Twice the time above, as timers of workers are
	// no more exact than that.
	hastyMillis = 2 * freshMillis
	// oneWriteBytes is what the socket of an idle connection takes by one write, on Ethernet too (tcp_wmem in man 7
	// tcp).
	oneWriteBytes = 64 << 10
)

// reuse says which kept connections may carry a request.
type reuse uint8

const (
	reuseNone  reuse = iota // none
	reuseFresh              // one that was used a moment ago and is looked at
	reuseAny
)

// reuseOf tells which of t's kept connections may carry x. One that is not here as a whole gets a new one: while
// its body is sent an early refusal (RFC 9112 section 9.5) could not be told from what the worker says late to the
// request before. The same goes for what must not be repeated and does not go out by one write.
func (x *exchange) reuseOf(t *balance.Backend) reuse {
	switch {
	case t.Chatty.Load() || x.upload.state == uploadBody:
		return reuseNone
	case x.request.replay && x.method.Idempotent():
		return reuseAny
	case t.Hasty.Load() || len(x.request.b)-x.request.start > oneWriteBytes:
		return reuseNone
	default:
		return reuseFresh
	}
}

// isQuiet reports whether nothing has come on a kept connection, by looking.
func (k *pools) isQuiet(u *conn) bool {
	found := k.service.loop.peek(u)
	switch found {
	case nextEnd, nextFailure:
		k.ended(u)
	case nextBytes:
		k.spokeUnasked(u)
	case nextNothing:
	}
	return found == nextNothing
}

// spoke ends a connection between two requests, in which a worker has nothing to say: data, FIN and error all mean
// that it is over.
func (k *pools) spoke(u *conn) {
	if u.ended() || u.gone() { // what comes with the end, such as a 408, is not followed by more
		k.ended(u)
	} else {
		k.isQuiet(u)
	}
	k.service.loop.closeConn(u)
}

// spokeUnasked notes that a worker has said something on u unasked, behind a response that did not announce it. The
// next time that may come when another request is with it, and look like the response to that: so it keeps no
// connections any more.
func (k *pools) spokeUnasked(u *conn) {
	t := k.service.table.At(int(u.endpoint))
	if t == nil || t.Incarnation != u.incarnation || t.Chatty.Swap(true) {
		return
	}
	const reason = "something came behind the end of a response; each request has a connection of its own from now on"
	k.service.tell(slog.LevelWarn, t, "worker speaks unasked", reason)
}

// ended notes that the worker has ended a connection that it was to keep. Where that was soon after
// its last response, requests that must not be repeated get new connections to this worker from now on.
func (k *pools) ended(u *conn) {
	l := k.service.loop
	if l.steady()-u.since > hastyMillis {
		return
	}
	if t := k.service.table.At(int(u.endpoint)); t != nil && t.Incarnation == u.incarnation {
		t.Hasty.Store(true)
	}
}

package lbproxy

import (
	"log/slog"

	"percore/lbproxy/balance"
	"percore/lbproxy/http1"
)

// pools are the connections that a loop keeps to the workers of one service.
type pools struct {
	service *service
	of      []pool // by the worker's index
}

// pool is the kept connections to one worker, most recently used first.
type pool struct {
	head, tail int32
	size       int
}

const (
	// usesMax and ageMillisMax end a kept connection in time, as nginx does: what leaks in a worker with its
	// connections goes.
	usesMax      = 1000
	ageMillisMax = 60 * 60 * 1000
	// idleMarginMillis before its worker would close an idle connection it carries no request any more.
	idleMarginMillis = 500
)

// isSpent reports whether a connection has served long enough.
func (c *conn) isSpent(now int64) bool { return c.uses >= usesMax || now-c.born >= ageMillisMax }

// isRisky reports whether its worker may be closing an idle connection just now, by what it said of itself.
func (c *conn) isRisky(now int64) bool {
	return c.idleMillis > 0 && now-c.since >= int64(c.idleMillis)-idleMarginMillis
}

// noteIdleTime keeps what a worker says about its idle time-out, as in `Keep-Alive: timeout=5` (Node, Puma and Apache
// send it).
func (c *conn) noteIdleTime(fields []http1.Field) {
	const name = "timeout="
	for i := range fields {
		if fields[i].ID != http1.FieldKeepAlive {
			continue
		}
		value := fields[i].Value
		if len(value) < len(name) || !http1.EqualFold(value[:len(name)], name) {
			continue
		}
		seconds := int32(0)
		for _, digit := range value[len(name):] {
			if digit < '0' || digit > '9' || seconds >= 100_000 {
				break
			}
			seconds = 10*seconds + int32(digit-'0')
		}
		c.idleMillis = max(seconds*1000, 1) // 0 is said by some to mean: no longer than the response
	}
}

// mayKeep reports whether a connection that has just ended an exchange can serve another: the worker is still the
// same and wanted, and has sent nothing unasked.
func (k *pools) mayKeep(u *conn) bool {
	l, s := k.service.loop, k.service
	if s.options.Keepalive == 0 || u.isSpent(l.steady()) || !s.table.IsUp(int(u.endpoint), u.incarnation) {
		return false
	}
	if s.table.At(int(u.endpoint)).Chatty.Load() {
		return false
	}
	u.since = l.steady()
	switch {
	case u.ended() || u.gone():
		k.ended(u)
		return false
	case !u.readable():
		return true
	}
	return k.isQuiet(u)
}

// put puts a connection to the front of its worker's pool, and closes the oldest one when there are too many.
func (k *pools) put(u *conn) {
	l := k.service.loop
	for len(k.of) <= int(u.endpoint) {
		k.of = append(k.of, pool{head: noSlot, tail: noSlot})
	}
	p := &k.of[u.endpoint]
	u.state = statePooled
	u.flags |= flagReused
	u.prev, u.next = noSlot, p.head
	if p.head == noSlot {
		p.tail = u.slot
	} else {
		l.conns.at(p.head).prev = u.slot
	}
	p.head = u.slot
	p.size++
	l.timers.Set(u.slot, k.service.timer(timerPooled), l.now)
	if p.size > k.service.options.Keepalive {
		l.closeConn(l.conns.at(p.tail))
	}
}

// remove takes a connection out of its pool.
func (k *pools) remove(u *conn) {
	l, p := k.service.loop, &k.of[u.endpoint]
	if u.prev == noSlot {
		p.head = u.next
	} else {
		l.conns.at(u.prev).next = u.next
	}
	if u.next == noSlot {
		p.tail = u.prev
	} else {
		l.conns.at(u.next).prev = u.prev
	}
	p.size--
	u.next, u.prev, u.state = noSlot, noSlot, stateBusy
}

// take returns a kept connection to t, one of those that reuse allows, or nil. The pool is watched for closes, but
// one may be on its way; a request that must not be repeated gets a connection only when that can be ruled out. Where
// events are left that the loop has not seen, every connection is looked at: what it brought before is no response.
func (k *pools) take(t *balance.Backend, reuse reuse) *conn {
	l := k.service.loop
	if reuse == reuseNone || t.Index >= len(k.of) {
		return nil
	}
	for k.of[t.Index].head != noSlot {
		u := l.conns.at(k.of[t.Index].head)
		if reuse == reuseFresh && l.steady()-u.since > freshMillis {
			return nil
		}
		k.remove(u)
		usable := u.incarnation == t.Incarnation && !u.isRisky(l.steady()) && !u.stirs()
		if usable && (reuse == reuseAny && !l.crowded || k.isQuiet(u)) {
			return u
		}
		l.closeConn(u)
	}
	return nil
}

// oldest is the connection that has been idle longest of those that are kept to any worker, nil when there is none.
func (k *pools) oldest() (oldest *conn) {
	for i := range k.of {
		if tail := k.of[i].tail; tail != noSlot {
			if u := k.service.loop.conns.at(tail); oldest == nil || u.since < oldest.since {
				oldest = u
			}
		}
	}
	return oldest
}

// dropKept closes the connection that has been idle longest of those that are kept, and reports whether there was
// one.
func (l *loop) dropKept() bool {
	var oldest *conn
	for _, s := range l.services {
		if u := s.pools.oldest(); u != nil && (oldest == nil || u.since < oldest.since) {
			oldest = u
		}
	}
	if oldest == nil {
		return false
	}
	l.closeConn(oldest)
	return true
}

// closeStale drops the kept connections of workers that are no longer up, or were replaced.
func (k *pools) closeStale() {
	l := k.service.loop
	for index := range k.of {
		for slot := k.of[index].head; slot != noSlot; {
			u := l.conns.at(slot)
			slot = u.next
			if !k.service.table.IsUp(index, u.incarnation) {
				l.closeConn(u)
			}
		}
	}
}

// What a kept connection may carry, and what tells that it is one no more.
// docs/adr/0019-what-a-kept-connection-carries.md has the reasons.

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
// request before. The same goes for one that comes from a file, which takes many writes, and for what must not be
// repeated and does not go out by one write.
func (x *exchange) reuseOf(t *balance.Backend) reuse {
	switch {
	case t.Chatty.Load() || x.upload.state == uploadBody || x.request.file != nil:
		return reuseNone
	case x.request.replay && x.method.Idempotent():
		return reuseAny
	case t.Hasty.Load() || x.request.size() > oneWriteBytes:
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

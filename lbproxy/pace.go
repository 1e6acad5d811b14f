package lbproxy

// A client has to send a body at ClientBodyMinRate, over any span of ClientBodyTimeout in which we were ready to read. The default
// is Kestrel's; the slowest mobile connections have ten times as much. Without it a byte now and then would hold a buffer, and
// perhaps a worker, for hours.

// awaitBody starts, or starts anew after a pause of our own making, the time in which more of a body has to come: not before
// the client was told to send it.
func (x *exchange) awaitBody(c *conn) {
	x.touchBody(c)
	x.paceMillis, x.paceBytes = x.loop.now, x.body.total
}

// touchBody starts the time anew in which the next piece of a body has to come.
func (x *exchange) touchBody(c *conn) {
	if class := x.clientClass(c); class == timerBody || class == timerExpect {
		x.loop.timers.Set(c.slot, class, x.loop.now)
	}
}

// bodyTimedOut ends an exchange whose body does not come. One whose answer has begun goes on without the rest of it: a worker that
// needs that has its own time.
func (x *exchange) bodyTimedOut(why cause) {
	if x.response == responseRelaying {
		x.request = requestStopped
		return
	}
	x.abort(why)
}

// isTooSlow tells whether a body that goes on has come at less than the least rate. It looks once in a span, so it costs a
// subtraction for each read, and no timer.
func (x *exchange) isTooSlow() bool {
	l := x.loop
	span, elapsed := l.options.ClientBodyTimeout.Milliseconds(), l.now-x.paceMillis
	if x.body.done || span <= 0 || elapsed < span {
		return false
	}
	slow := (x.body.total-x.paceBytes)*1000 < l.options.ClientBodyMinRate*elapsed
	x.paceMillis, x.paceBytes = l.now, x.body.total
	return slow
}

package lbproxy

import (
	"percore/lbproxy/accesslog"
	"percore/lbproxy/balance"
	"percore/lbproxy/buffer"
	"percore/lbproxy/client"
	"percore/lbproxy/http1"
	"percore/lbproxy/spool"
)

// exchange is one request and its response: it pairs a client's connection with, for a while, a worker's. It exists
// from the first byte of the head until the response is out, and holds every buffer that the two need.
type exchange struct {
	loop       *loop // that owns it
	id         int32
	downstream int32    // slot
	upstream   int32    // slot, or noSlot
	service    *service // that answers it: the first one, where no step routes it elsewhere

	client  client.Peer // for which it is, after trust; ip_hash and the access log go by it
	method  http1.Method
	single  bool // the client itself asked for no more than this response
	upgrade bool // the client asks for another protocol

	upload   upload
	request  request
	response response
	writer   responseWriter

	// Trying.
	backend *balance.Backend // the worker that has it now, nil when none
	last    *balance.Backend // the worker that had it last
	failure cause            // of the last try that failed
	stale   *balance.Backend // whose closing of a kept connection has used up the one free repeat on the same worker
	deaths  balance.Suspicion

	// The queue and the log.
	wait         balance.Waiter
	parkedNanos  int64 // when it began to wait, last
	queuedNanos  int64 // how long it has waited in all
	firstStart   int64 // how much of that is the first start of the fleet's, and not to be held against it
	refusedNanos int64 // how long connects took that timed out, in all
	traces
}

// upload is what a client has sent of its request, and what is still to come of it.
type upload struct {
	state                 uploadState
	in                    buffer.Box // bytes that are not parsed yet
	seen                  int        // how many of them the codec has looked at
	body                  http1.Body // what is still to come
	forgot                bool       // what was sent ahead was dropped, and more of it may be on its way
	expects               bool       // the client waits for 100, and the worker was asked to say it
	paceMillis, paceBytes int64      // when, and after how much of the body, its current span began; isTooSlow
}

// request is a client's request as a worker gets it.
type request struct {
	state  requestState
	b      []byte      // the head, then as much of the body as is held in memory
	start  int         // where the head starts in b; see frame
	bodyAt int         // where the body starts in b
	sent   int         // how many bytes, from start on, this worker has
	file   *spool.File // what is held of the body in front of what b has of it; nil where b has all that is held
	stuck  bool        // the file takes no more
	replay bool        // b and file are the whole request and no byte of a response has been passed on
	unsent buffer.Box  // what the worker's socket has not taken of what came behind that
}

// response is what a worker has said of its response.
type response struct {
	state    responseState
	status   int
	head     []byte     // the start of a head that came in pieces
	seen     int        // how many bytes of it the codec has looked at
	body     http1.Body // what is still to come
	reusable bool       // the worker's connection may be kept afterwards, as far as its heads of this try say
	early    bool       // it began before the worker had all of the request
}

// release gives back what was remembered of a head.
func (r *response) release(p *buffer.Pool) {
	p.Put(r.head)
	r.head = nil
}

// traces are what is written down of an exchange beyond what serving it takes. Times are on the loop's clock, in
// nanoseconds; 0 is never.
type traces struct {
	headNanos      int64 // the request's head was complete
	connectNanos   int64 // the last connect began
	connectedNanos int64 // and ended
	wholeNanos     int64 // all of the request was here
	firstNanos     int64 // the response's head was complete
	saidNanos      int64 // all of the response was
	heldBytes      int64 // of the request's body that were in a file
	why            cause
	refusal        string // what was wrong with the message, where the cause alone does not say it
	noted          accesslog.Head
	statuses       [accesslog.TriesNoted]uint16 // see Tries
	reused         bool                         // the last try went over a kept connection
	https          bool                         // the client's scheme, as far as a trusted proxy says so
}

// hasBegun reports whether a byte of the final response is on its way to the client, which therefore gets no other.
func (x *exchange) hasBegun() bool { return x.response.state != responseAwaited }

// isRefusal reports whether the response is such as a worker gives to a body that it does not read to its end. Its
// connection is reset when it closes it behind that, as the kernel has input that was not read: so a reset means no
// more there than a FIN, and Tornado's 400 for a large body, which has no length, is whole. Behind a request that the
// worker may have read, only a response without a body is taken for whole.
func (x *exchange) isRefusal() bool {
	return x.response.status >= 300 && x.upload.body.Framing != http1.FramingNone &&
		(x.response.early || x.response.body.Total == 0)
}

// exchanges are those of a loop, and the ones that it has for the next requests.
type exchanges struct {
	all    []*exchange // by their ids
	idle   []int32     // those that none uses
	active int         // how many are used
}

// take returns an exchange of which the id alone is set.
func (e *exchanges) take() (x *exchange) {
	if n := len(e.idle); n > 0 {
		x = e.all[e.idle[n-1]]
		e.idle = e.idle[:n-1]
	} else {
		x = &exchange{id: int32(len(e.all))}
		e.all = append(e.all, x)
	}
	e.active++
	return x
}

// give takes an exchange back that holds nothing any more.
func (e *exchanges) give(x *exchange) {
	e.idle = append(e.idle, x.id)
	e.active--
}

// exchangeOf returns the exchange that c takes part in, or nil.
func (l *loop) exchangeOf(c *conn) *exchange {
	if c.exchange == noSlot {
		return nil
	}
	return l.exchanges.all[c.exchange]
}

// newExchange starts an exchange for a client's connection.
func (l *loop) newExchange(c *conn) *exchange {
	x := l.exchanges.take()
	*x = exchange{
		loop: l, id: x.id, service: l.services[0], downstream: c.slot, upstream: noSlot, client: c.peer,
		writer: responseWriter{loop: l, exchange: x.id, client: c.slot},
	}
	x.wait.ID, x.wait.Since = x.id, l.nowNanos
	c.exchange = x.id
	return x
}

// freeExchange parts x from its client's connection, and gives back everything that it holds. It has no worker's
// connection any more.
func (l *loop) freeExchange(x *exchange) {
	l.conns.at(x.downstream).exchange = noSlot
	x.upload.in.Release(&l.buffers)
	x.request.release(&l.buffers)
	x.response.release(&l.buffers)
	l.buffers.Put(x.noted.Buffer())
	x.noted = accesslog.Head{}
	x.request.unsent.Release(&l.buffers)
	x.writer.release()
	l.exchanges.give(x)
}

// phase is where x is now.
func (x *exchange) phase() phase {
	p := phase{x.loop.conns.at(x.downstream).state, x.upload.state, x.request.state, x.response.state, stateNone}
	if x.upstream != noSlot {
		p.worker = x.loop.conns.at(x.upstream).state
	}
	return p
}

package lbproxy

import (
	"percore/lbproxy/accesslog"
	"percore/lbproxy/balance"
	"percore/lbproxy/client"
	"percore/lbproxy/http1"
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
	firstStart   int64 // how much of that, in nanoseconds, is the first start of the fleet's, and not to be held against it
	refusedNanos int64 // how long connects took that timed out, in all
	traces
}

// hasBegun reports whether a byte of the final response is on its way to the client, which therefore gets no other.
func (x *exchange) hasBegun() bool { return x.response.state != responseAwaited }

// isRefusal reports whether the response is such as a worker gives to a body that it does not read to its end. Its
// connection is reset when it closes it behind that, as the kernel has input that nobody read: so a reset means no
// more there than a FIN, and Tornado's 400 for a large body, which has no length, is whole. Behind a request that the
// worker may have read, only a response without a body is taken for whole.
func (x *exchange) isRefusal() bool {
	return x.response.status >= 300 && x.upload.body.framing != http1.FramingNone &&
		(x.response.early || x.response.body.total == 0)
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
		writer: responseWriter{loop: l, client: c.slot},
	}
	x.wait.ID, x.wait.Since = x.id, l.nowNanos
	c.exchange = x.id
	return x
}

// freeExchange parts x from its client's connection, and gives back everything that it holds. It has no worker's
// connection any more.
func (l *loop) freeExchange(x *exchange) {
	x.clientEnd().conn().exchange = noSlot
	x.upload.in.Release(&l.buffers)
	l.buffers.Put(x.request.b)
	l.buffers.Put(x.response.head)
	l.buffers.Put(x.noted.Buffer())
	x.request.b, x.response.head, x.noted = nil, nil, accesslog.Head{}
	x.request.unsent.Release(&l.buffers)
	x.writer.release()
	l.exchanges.give(x)
}

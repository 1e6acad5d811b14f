package lbproxy

import (
	"percore/lbproxy/balance"
	"percore/lbproxy/client"
	"percore/lbproxy/http1"
	"percore/lbproxy/page"
)

// exchange is one request and its answer: it pairs a client's connection with, for a while, a worker's. It exists
// from the first byte of the head until the answer is out, and holds every buffer that the two need.
type exchange struct {
	loop       *loop // that owns it
	id         int32
	downstream int32 // slot
	upstream   int32 // slot, or noSlot

	client  client.Peer // who asks, after trust: who connected, or whom that one speaks for; ip_hash and the access log go by it
	method  http1.Method
	format  page.Format // that the client prefers for a page of our own
	single  bool        // the client itself asked for no more than this answer
	upgrade bool        // the client asks for another protocol

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

// hasBegun reports whether a byte of the final answer is on its way to the client, which therefore gets no other.
func (x *exchange) hasBegun() bool { return x.response.state != responseAwaited }

// isWithWorker tells whether the worker's connection carries the whole request, to its end.
func (x *exchange) isWithWorker() bool {
	return x.request.state == requestSent && x.request.unsent.Pending() == 0
}

// isRefusal tells whether the answer is such as a worker gives to a body that it does not read to its end. Its connection is reset when
// it closes it behind that, as the kernel has input that nobody read: so a reset means no more there than a FIN, and Tornado's 400 for a large
// body, which has no length, is whole. Behind a request that the worker may have read, only an answer without a body is taken for whole.
func (x *exchange) isRefusal() bool {
	return x.response.status >= 300 && x.upload.body.framing != http1.FramingNone && (x.response.early || x.response.body.total == 0)
}

// exchanges are those of a loop, and the ones that it has for the next requests.
type exchanges struct {
	all    []*exchange // by their ids
	idle   []int32     // those that nobody uses
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

// body is the progress of a message body in one direction.
type body struct {
	framing http1.Framing
	left    int64 // bytes to come, with FramingLength
	total   int64 // payload bytes so far
	chunks  http1.ChunkDecoder
	trailer []byte // what the last read brought of the trailer section; lies where that read was
	done    bool
}

// begin sets b to the start of a message body.
func (b *body) begin(framing http1.Framing, length int64) {
	*b = body{framing: framing, left: length}
	b.done = framing == http1.FramingNone || framing == http1.FramingLength && length == 0
}

// take decodes what raw holds of the body, in place: payload is what was found, moved together to the front of
// raw where chunk framing stood between, and used is how many bytes of raw belong to this message.
func (b *body) take(raw []byte) (payload []byte, used int, err error) {
	switch b.framing {
	case http1.FramingLength:
		n := int(min(int64(len(raw)), b.left))
		b.left -= int64(n)
		b.done = b.left == 0
		payload, used = raw[:n], n
	case http1.FramingClose:
		payload, used = raw, len(raw)
	case http1.FramingChunked:
		payload, used, err = b.takeChunks(raw)
	case http1.FramingNone:
	}
	b.total += int64(len(payload))
	return payload, used, err
}

func (b *body) takeChunks(raw []byte) (payload []byte, used int, err error) {
	kept, first, trailer := 0, 0, -1
	b.trailer = nil
	for used < len(raw) && !b.chunks.Done() {
		if trailer < 0 && b.chunks.InTrailers() {
			trailer = used
		}
		data, n, err := b.chunks.Next(raw[used:])
		if err != nil {
			return nil, used, err
		}
		if n == 0 {
			break
		}
		if len(data) > 0 && kept == 0 {
			// The common case, one chunk: leave it where it is.
			first = used + n - len(data) // Next ends with the data
			kept = len(data)
		} else if len(data) > 0 {
			kept += copy(raw[first+kept:], data)
		}
		used += n
	}
	if trailer >= 0 {
		b.trailer = raw[trailer:used]
	}
	b.done = b.chunks.Done()
	return raw[first : first+kept], used, nil
}

package lbproxy

import "percore/lbproxy/http1"

// Expect: 100-continue (RFC 9110 section 10.1.1). Where the body is held, nobody but the front door can say 100. Where it
// is streamed, the worker is asked: it may refuse the body before it is sent.

// expectMillis is how long a worker may say nothing about a body that its client holds back. Then the front door says 100: many
// a small server knows no expectations, and some clients wait for ever. curl waits as long.
const expectMillis = 1_000

// asksWorker tells whether a client that holds its body back waits for the worker's word: it will not be held whole.
func (x *exchange) asksWorker(r *http1.Request, rest []byte) bool {
	return r.Expect100 && len(rest) == 0 && r.Framing == http1.FramingLength && r.Length > int64(x.holdMax())
}

// onExpectation answers a client that holds its body back: finally when it would be in vain.
func (x *exchange) onExpectation() {
	switch {
	case x.loop.wouldRefuse():
		x.abort(causeQueueFull)
	case x.upload.expects:
		x.request.replay = true
		x.assign()
	default:
		x.goesOn(x.writer.goAhead())
	}
}

// wouldRefuse tells whether a request that came now would find neither a worker nor a place in the queue.
func (l *loop) wouldRefuse() bool {
	waiting, size := l.proxy.group.Waiting(), int64(l.options.QueueSize)
	return waiting >= size && (waiting > 0 || !l.table.AnyUp())
}

// sendContinue has the client whose worker was asked send its body, once. It reports whether the exchange goes on.
func (x *exchange) sendContinue() bool {
	if !x.upload.expects {
		return true
	}
	x.upload.expects, x.request.replay = false, false
	x.clientEnd().awaitBody()
	return x.goesOn(x.writer.goAhead())
}

package lbproxy

import (
	"fmt"
	"math"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"percore/lbproxy/accesslog"
	"percore/lbproxy/balance"
	"percore/lbproxy/buffer"
	"percore/lbproxy/client"
	"percore/lbproxy/http1"
	"percore/lbproxy/refusal"
	"percore/lbproxy/socket"
	"percore/lbproxy/timer"
)

const (
	// readsPerTurn bounds what one connection may read before others get their turn.
	readsPerTurn = 4
	// pendingBytesMax is how much of a response may wait for a slow client before its worker is no longer read.
	pendingBytesMax = 64 << 10
	// lingerMillis is how long a client that has our last response may pause while what it still sends is thrown away,
	// and lingerMillisMax how long that goes on in all.
	lingerMillis    = 2_000
	lingerMillisMax = 10_000
	// halfClosedMillis is how long the open half of a tunnel may be silent once the other has ended: time for the last
	// response, and a bound for peers that are gone without a FIN.
	halfClosedMillis = 5_000
	// workerSendMillis is how long a worker may take nothing of a request that it was given.
	workerSendMillis = 30_000
	// acceptPauseMillis is the pause after accept ran out of descriptors or memory.
	acceptPauseMillis = 100
	// graceMillis is how long a stopping front door waits for the next request on an idle connection, so
	// that a client in a request loop is told by `Connection: close` and not by a closed socket.
	graceMillis = 1000
	// graceSpreadMillis is over how long those that are idle when the stop begins are closed, so that their clients
	// do not all connect elsewhere in the same moment.
	graceSpreadMillis = 500
	// retryMillis is the pause before all ready workers are tried again when each of them refused.
	retryMillis = 100
)

// loop is one event loop: it owns its listeners, connections and buffers alone and shares only the table of
// workers. All methods but post run on its goroutine.
type loop struct {
	transport
	proxy     *Proxy
	id        int
	options   *Options
	timers    *timer.Table
	conns     slab
	exchanges exchanges
	buffers   buffer.Pool
	services  []*service
	mailbox   balance.Mailbox // of the places that their queues have given to requests of this loop
	trust     client.Trust
	wanted    *wanted
	ready     []ref // the run queue: connections with work that no event will announce
	accepter  accepter
	retrySlot int32 // a slot without a socket, for the loop's own timer

	turn uint32 // counts the waits for events
	loopClock

	limits   refusal.Limits
	request  http1.Request
	response http1.Response
	out      []byte // the head under construction
	log      *accesslog.Writer

	mail struct {
		sync.Mutex // guards posted
		posted     []func(*loop)
		waiting    atomic.Bool // posted is not empty
	}
	stage      loopStage
	room       room
	complaints complaints
	quiet      atomic.Bool   // draining, and no request can come any more
	seen       atomic.Uint64 // sequence number of the snapshot in use; the greatest once the loop has ended

	afterTurn func(*loop) // for tests: looks at the loop between two turns
}

func newLoop(p *Proxy, id int, listeners []socket.Listener) (*loop, error) {
	t, err := newTransport()
	if err != nil {
		return nil, fmt.Errorf("open loop %d: %w", id, err)
	}
	l := &loop{
		transport: t, proxy: p, id: id, loopClock: loopClock{epoch: p.epoch},
		timers:  newTimers(len(p.services)),
		mailbox: balance.Mailbox{Wake: t.poller.Wake},
		out:     make([]byte, 0, buffer.HeadroomBytes),
		log:     accesslog.NewWriter(p.accessLog),
	}
	for i, shared := range p.services {
		l.services = append(l.services, newService(l, i, shared))
	}
	l.tick()
	l.configure()
	l.retrySlot = l.reserveSlot()
	l.accepter.loop, l.room.loop = l, l
	for _, listener := range listeners {
		if err := l.accepter.add(listener); err != nil {
			return nil, fmt.Errorf("open loop %d: %w", id, err)
		}
	}
	return l, nil
}

// run turns until the loop is closed. Each turn waits for events or the earliest deadline.
func (l *loop) run() error {
	defer l.release()
	for l.stage != loopStopped {
		events, err := l.await(l.timeout(), l.now)
		if err != nil {
			return fmt.Errorf("loop %d: %w", l.id, err)
		}
		l.turn++
		l.tick()
		l.excuse()
		if l.mail.waiting.Load() {
			l.readMail()
		}
		for i := range events {
			l.dispatch(events[i])
		}
		l.runReady()
		l.expire()
		l.takeGrants()
		l.accepter.watchLate()
		l.log.Flush()
		if l.isDraining() {
			l.noteQuiet()
		}
		if l.afterTurn != nil {
			l.afterTurn(l)
		}
		if l.stage >= loopFinishing && l.isDone() {
			return nil
		}
	}
	return nil
}

// timeout is how many milliseconds the loop may sleep, negative for ever.
func (l *loop) timeout() int64 {
	deadline, ok := l.timers.Next()
	if !ok {
		deadline = timer.Never
	}
	return l.wake.Plan(l.now, min(deadline, l.accepter.due()), len(l.ready) > 0)
}

// drive lets a connection do what it can: write first, then read. news is that an event told of something to read. A
// fault in there costs that connection and its peer, not the process.
func (l *loop) drive(c *conn, writable, news bool) {
	defer l.rescue(c.ref())
	if l.buffers.IsCramped() {
		generation := c.generation
		if l.room.trim(); c.generation != generation {
			return // it has gone itself
		}
	}
	before := c.exchange
	switch c.kind {
	case kindListener:
		l.accepter.from(c)
	case kindDownstream:
		l.driveDownstream(c, writable)
		if c.unwatched() { // not for one that was closed: its slot is clean
			l.accepter.firstRead(c)
		}
	case kindUpstream:
		l.driveUpstream(c, writable, news)
	case kindFree:
	}
	l.retime(before)
	if c.exchange != before {
		l.retime(c.exchange)
	}
}

// rescue turns a panic in one connection's handling into the end of its exchange.
func (l *loop) rescue(r ref) {
	fault := recover()
	if fault == nil {
		return
	}
	l.proxy.log.Error("connection handling panicked", "fault", fmt.Sprint(fault), "stack", string(debug.Stack()))
	if c := l.conns.find(r); c != nil && c.kind != kindListener {
		if x := l.exchangeOf(c); x != nil {
			x.abort(causePanic)
		} else {
			l.closeConn(c)
		}
	}
}

// enqueue asks for another turn for c, whose readiness no further event will announce.
func (l *loop) enqueue(c *conn) {
	if c.has(flagQueued) {
		return
	}
	c.flags |= flagQueued
	l.ready = append(l.ready, c.ref())
}

// runReady gives each connection that is in the run queue now one turn.
func (l *loop) runReady() {
	n := len(l.ready)
	for i := range n {
		c := l.conns.find(l.ready[i])
		if c == nil {
			continue
		}
		c.flags &^= flagQueued
		l.drive(c, true, false)
	}
	l.ready = l.ready[:copy(l.ready, l.ready[n:])]
}

// post runs f on the loop's goroutine soon. It may be called from any goroutine.
func (l *loop) post(f func(*loop)) {
	l.mail.Lock()
	l.mail.posted = append(l.mail.posted, f)
	l.mail.Unlock()
	l.mail.waiting.Store(true)
	l.interrupt()
}

func (l *loop) readMail() {
	l.mail.Lock()
	posted := l.mail.posted
	l.mail.posted = nil
	l.mail.waiting.Store(false)
	l.mail.Unlock()
	for _, f := range posted {
		f(l)
	}
}

// reserveSlot takes a slot for a timer of the loop's own. Its kind is that of a listener, which no fault closes.
func (l *loop) reserveSlot() int32 {
	c, _ := l.conns.take(-1, kindListener)
	l.timers.Grow(l.conns.size())
	return c.slot
}

// addConn gives a new socket of the given kind a slot and has its events reported.
func (l *loop) addConn(fd int32, k kind) (*conn, error) {
	c := l.takeConn(fd, k)
	if err := l.register(c); err != nil {
		l.conns.give(c)
		return nil, err
	}
	return c, nil
}

// takeConn gives a socket a slot and a timer.
func (l *loop) takeConn(fd int32, k kind) *conn {
	c, grew := l.conns.take(fd, k)
	if grew {
		l.timers.Grow(l.conns.size())
	}
	return c
}

// closeConn closes a socket and frees its slot. What pairs with it has been dealt with before.
func (l *loop) closeConn(c *conn) {
	if c.state == statePooled && c.kind == kindUpstream {
		l.services[c.service].pools.remove(c)
	}
	switch c.kind {
	case kindDownstream:
		l.room.clients--
	case kindUpstream:
		l.room.upstreams--
	case kindFree, kindListener:
	}
	l.timers.Clear(c.slot)
	c.closeSocket()
	l.conns.give(c)
}

// release closes everything when the loop ends.
func (l *loop) release() {
	l.proxy.ending.Forget()
	for slot := range int32(l.conns.size()) {
		if c := l.conns.at(slot); c.kind != kindFree {
			c.closeSocket()
		}
	}
	l.log.Flush()
	_ = l.poller.Close()
	l.quiet.Store(true)
	l.seen.Store(math.MaxUint64) // no snapshot concerns it any more; PID 1 takes one that is not answered for a hang
	l.proxy.changed()
}

package lbproxy

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"percore/lbproxy/accesslog"
	"percore/lbproxy/balance"
	"percore/lbproxy/buffer"
	"percore/lbproxy/client"
	"percore/lbproxy/http1"
	"percore/lbproxy/notice"
	"percore/lbproxy/page"
	"percore/lbproxy/refusal"
	"percore/lbproxy/timer"
)

const (
	// readsPerTurn bounds what one connection may read before others get their turn.
	readsPerTurn = 4
	// pendingBytesMax is how much of a response may wait for a slow client before its worker is no longer read.
	pendingBytesMax = 64 << 10
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
	out      []byte      // the head under construction
	accepted page.Memory // of the last request that said what it accepts
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

// enqueue asks for another turn for c, whose readiness no further event will announce.
func (l *loop) enqueue(c *conn) {
	if c.has(flagQueued) {
		return
	}
	c.flags |= flagQueued
	l.ready = append(l.ready, c.ref())
}

// post runs f on the loop's goroutine soon. It may be called from any goroutine.
func (l *loop) post(f func(*loop)) {
	l.mail.Lock()
	l.mail.posted = append(l.mail.posted, f)
	l.mail.Unlock()
	l.mail.waiting.Store(true)
	l.interrupt()
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

// loopStage is how far a loop's end is. Each stage leads to a later one.
type loopStage uint8

const (
	loopServing   loopStage = iota
	loopDraining            // no clients are wanted any more; connections end with the response to their next request
	loopFinishing           // the loop ends when the last client has its response
	loopStopped             // it ends now
)

// isDraining reports whether the loop's end has begun.
func (l *loop) isDraining() bool { return l.stage >= loopDraining }

// age is how long the requests of a worker have been under way, in milliseconds.
type age struct {
	oldest int64
	stuck  int64 // as EndpointFigures has it
}

// wanted is a snapshot made ready for the loops, which only read it.
type wanted struct {
	seq    uint64
	ask    uint64
	drain  bool
	sole   bool
	tables []*balance.Table // by service
}

// complaints are what a loop says now and then of many connections.
type complaints struct {
	paused, shed, refused notice.Pace
	stopped, slow, large  notice.Pace // bodies that ran into a setting; explain
	hello, unheld         notice.Pace
	beyond                [http1.LimitFields + 1]notice.Pace // requests beyond a limit of heads, by limit
	floods                [len(outcomes)]notice.Pace         // by cause
}

// complain says something now and then that would otherwise be said for each of many connections.
func (l *loop) complain(pace *notice.Pace, by side, message, reason string) {
	if _, line := pace.Admit(l.now); line {
		l.proxy.notices.Offer(notice.Line{Level: slog.LevelWarn, Message: message, Reason: reason, Side: by.String()})
	}
}

// loopClock is a loop's time, as of its turn.
type loopClock struct {
	now      int64 // milliseconds, monotonic, without pauses
	nowNanos int64
	epoch    time.Time // when now was 1
	lost     int64     // milliseconds of pauses, which now has left out
	wake     timer.Wakeup
	clock    wallClock
}

// tick sets the time of a turn.
func (c *loopClock) tick() {
	now := time.Now()
	elapsed := now.Sub(c.epoch) // monotonic
	c.clock.set(now)
	c.nowNanos, c.now = int64(elapsed), 1+elapsed.Milliseconds() // never 0, which stands for "never" in an exchange
}

// steady is the time in milliseconds with all pauses: what a worker does with a connection that is idle goes by that,
// and all loops have the same.
func (c *loopClock) steady() int64 { return c.now + c.lost }

// passOver takes a pause out of the time.
func (c *loopClock) passOver(millis int64) {
	c.lost += millis
	c.epoch = c.epoch.Add(time.Duration(millis) * time.Millisecond)
	c.now -= millis
	c.nowNanos -= millis * int64(time.Millisecond)
}

// wallClock formats the time for a loop's messages: the date once a second at most, and for each request when it came.
type wallClock struct {
	second int64
	date   []byte
	millis int64 // since the Unix epoch, as of the loop's turn
}

func (w *wallClock) set(now time.Time) { w.millis = now.UnixMilli() }

// httpDateLayout is IMF-fixdate; RFC 9110 section 5.6.7.
const httpDateLayout = "Mon, 02 Jan 2006 15:04:05 GMT"

// httpDate returns the turn's date for a Date field. It is valid until the next call.
func (w *wallClock) httpDate() []byte {
	if second := w.millis / 1000; second != w.second {
		w.second = second
		w.date = time.Unix(second, 0).UTC().AppendFormat(w.date[:0], httpDateLayout)
	}
	return w.date
}

package lbproxy

import "percore/lbproxy/timer"

// watchMillis is how long a connection that brought its only request may stay unregistered. A worker that answers within it
// saves the registration; a client that leaves meanwhile is noticed that much later.
const watchMillis = 2

// lateWatch is a connection that is to be registered at a deadline, should it still be there.
type lateWatch struct {
	ref    ref
	millis int64
}

// gamble decides whether a shortcut that saves a system call when it works, and costs one when it does not, is worth
// trying: by how it went lately. The zero value tries one time in gambleProbe until it wins.
type gamble struct {
	credit int8
	asked  uint8
}

const (
	gambleCredit = 8  // how many losses in a row end a winning streak
	gambleProbe  = 16 // while losing, one time in so many is tried all the same
)

func (g *gamble) worthIt() bool {
	g.asked++
	return g.credit > 0 || g.asked%gambleProbe == 0
}

func (g *gamble) won()  { g.credit = min(g.credit+2, gambleCredit) }
func (g *gamble) lost() { g.credit = max(g.credit-1, 0) }

// firstRead goes on with a connection that was read before it was registered with epoll. A client's first request is
// usually there when accept returns, and when it is also the last one on its connection and a worker answers at once,
// epoll never has to know of it. Everything else is registered now: epoll then reports what is there already.
func (a *accepter) firstRead(c *conn) {
	l := a.loop
	if c.state == stateIdle || c.state == stateProxy {
		a.early.lost()
		l.watch(c)
		return
	}
	a.early.won()
	x := l.exchangeOf(c)
	if c.state == stateOpen && x.upload == uploadWhole && x.request.isOver() && x.single && a.once.worthIt() {
		a.late = append(a.late, lateWatch{c.ref(), l.now + watchMillis})
		return
	}
	l.watch(c)
}

// watchLate registers the connections whose time is up, and forgets those that were answered within it.
func (a *accepter) watchLate() {
	l := a.loop
	done := 0
	for i := range a.late {
		c := l.conns.find(a.late[i].ref)
		waits := c != nil && c.unwatched()
		if waits && a.late[i].millis > l.now {
			break
		}
		if waits {
			a.once.lost()
			l.watch(c)
		} else {
			a.once.won()
		}
		done++
	}
	if done > 0 {
		a.late = a.late[:copy(a.late, a.late[done:])]
	}
}

// due is when the next connection is to be registered; never when there is none.
func (a *accepter) due() int64 {
	if len(a.late) == 0 {
		return timer.Never
	}
	return a.late[0].millis
}

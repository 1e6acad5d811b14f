package lbproxy

import (
	"sync"
	"sync/atomic"
)

// queue is the one first-in-first-out list of all requests that wait for a worker: because none is ready, because each that
// is has refused them, or because each has all the requests it may have. It is shared by the loops. Who frees a place at a
// worker gives it to the oldest request that can use it, in whichever loop that is.
//
// The lock is taken by requests that wait and by those that end while others wait. A place that becomes free is never
// overlooked: who frees one looks at waiting after that, and who starts to wait looks for a place after counting itself.
type queue struct {
	waiting atomic.Int64 // length of list
	mu      sync.Mutex   // guards list, every loop's grants, and the wait of each exchange in them
	list    waitList
}

// waitState is where an exchange is.
type waitState uint8

const (
	waitNone    waitState = iota
	waitQueued            // in the queue
	waitGranted           // in its loop's grants: it has a place at a worker, and its loop is yet to use it
)

// wait is an exchange's place in the queue.
type wait struct {
	state      waitState
	prev, next *exchange
	granted    *target
}

// waitList is a list of exchanges, linked by their waits.
type waitList struct{ head, tail *exchange }

func (w *waitList) push(x *exchange) {
	w.insert(x, nil)
}

// pushAged puts x behind all that are older than it.
func (w *waitList) pushAged(x *exchange) {
	before := w.head
	for before != nil && before.startedNanos <= x.startedNanos {
		before = before.wait.next
	}
	w.insert(x, before)
}

// insert puts x in front of before, or at the end when that is nil.
func (w *waitList) insert(x, before *exchange) {
	after := w.tail
	if before != nil {
		after = before.wait.prev
		before.wait.prev = x
	} else {
		w.tail = x
	}
	if after != nil {
		after.wait.next = x
	} else {
		w.head = x
	}
	x.wait.prev, x.wait.next = after, before
}

func (w *waitList) remove(x *exchange) {
	if x.wait.prev == nil {
		w.head = x.wait.next
	} else {
		x.wait.prev.wait.next = x.wait.next
	}
	if x.wait.next == nil {
		w.tail = x.wait.prev
	} else {
		x.wait.next.wait.prev = x.wait.prev
	}
	x.wait.prev, x.wait.next = nil, nil
}

// enter puts an exchange of l at the end, or where it would stand by now had it not been tried already, unless sizeMax wait. It
// may have a place at once.
func (q *queue) enter(l *loop, x *exchange, sizeMax int) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.waiting.Load() >= int64(sizeMax) {
		return false
	}
	x.wait.state = waitQueued
	if x.tries == 0 {
		q.list.push(x)
	} else {
		q.list.pushAged(x)
	}
	q.waiting.Add(1)
	q.serve(l)
	return true
}

// leave takes an exchange out, wherever it is, and returns the place that it had been given and has not used.
func (q *queue) leave(x *exchange) *target {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch x.wait.state {
	case waitQueued:
		q.list.remove(x)
		q.waiting.Add(-1)
	case waitGranted:
		x.loop.grants.remove(x)
	case waitNone:
	}
	t := x.wait.granted
	x.wait = wait{}
	return t
}

// serveFrom is called on l's goroutine when there may be a place for one that waits.
func (q *queue) serveFrom(l *loop) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.serve(l)
}

// serve gives places to those that wait, the oldest first, for as long as there are any. The caller holds the lock and is on
// l's goroutine, whose balancer chooses, by the newest table.
func (q *queue) serve(l *loop) {
	t := l.proxy.table.Load()
	for x := q.list.head; x != nil && l.balancer.anyFree(t); {
		next := x.wait.next
		if place := l.choose(t, x); place != nil {
			q.list.remove(x)
			q.waiting.Add(-1)
			q.grant(x, place)
		}
		x = next
	}
}

// grant hands a place to the loop of the exchange that it is for.
func (q *queue) grant(x *exchange, place *target) {
	x.wait.state, x.wait.granted = waitGranted, place
	owner := x.loop
	owner.grants.push(x)
	owner.granted.Store(true)
	owner.poller.Wake()
}

// nextGrant returns an exchange of l that has got a place, with the place; nil when there is none.
func (q *queue) nextGrant(l *loop) (*exchange, *target) {
	q.mu.Lock()
	defer q.mu.Unlock()
	x := l.grants.head
	if x == nil {
		l.granted.Store(false)
		return nil, nil
	}
	l.grants.remove(x)
	place := x.wait.granted
	x.wait = wait{}
	return x, place
}

// waitingFrom lists the exchanges of l that wait.
func (q *queue) waitingFrom(l *loop) (list []*exchange) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for x := q.list.head; x != nil; x = x.wait.next {
		if x.loop == l {
			list = append(list, x)
		}
	}
	return list
}

// forgive lets the exchanges of l that wait have the workers again that refused them.
func (q *queue) forgive(l *loop) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for x := q.list.head; x != nil; x = x.wait.next {
		if x.loop == l && x.tries > 0 {
			x.tried = endpointSet{}
		}
	}
	q.serve(l)
}

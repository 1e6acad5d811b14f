package balance

import (
	"sync"
	"sync/atomic"
)

// queue is the one first-in-first-out list of the requests that wait for a backend of a service: because none is
// ready, because each that is has refused them, or because each has all the requests it may have. The loops share it.
// The loop that frees a place at a backend gives it to the oldest request that can use it, in whichever loop that is.
//
// The lock is taken for requests that wait, and for those that end while others wait. A place that becomes free is
// never overlooked: a loop that frees one looks at waiting after that, and one whose request starts to wait looks for
// a place after counting it.
type queue struct {
	waiting atomic.Int64 // length of list
	mu      sync.Mutex   // guards list, and the waiters in it
	list    waitList
}

// waitState is where a waiter is.
type waitState uint8

const (
	waitNone    waitState = iota
	waitQueued            // in the queue
	waitGranted           // in its loop's mailbox: it has a place at a backend, and its loop is yet to use it
)

// Waiter is a request as its service knows it: what it has tried, and its place in the queue. It is part of what
// stands for the request in its loop, so that to wait allocates nothing.
type Waiter struct {
	ID     int32    // by which its loop finds the request
	Since  int64    // when the request began, in nanoseconds on its loop's clock
	Client [16]byte // the client's address, for ip_hash
	Tries  uint32   // backends that it was given to
	Repeat bool     // a backend has seen some of it: to try it again takes one of the repeats

	repeating    bool // it has one
	tried        set
	refusedSince int64 // nanoseconds on its loop's clock of the first of the connects in a row that were refused; 0 is none

	Place      *Backend // that it has been given, and its loop is yet to use
	state      waitState
	prev, next *Waiter
	box        *Mailbox // of its loop, once it has waited
}

// NoteTried keeps w from being given to b again, as long as it is not forgiven.
func (w *Waiter) NoteTried(b *Backend) { w.tried.add(b.Index) }

// waitList is a list of waiters, linked by themselves.
type waitList struct{ head, tail *Waiter }

func (l *waitList) push(w *Waiter) { l.insert(w, nil) }

// pushAged puts w behind all that are older than it.
func (l *waitList) pushAged(w *Waiter) {
	before := l.head
	for before != nil && before.Since <= w.Since {
		before = before.next
	}
	l.insert(w, before)
}

// insert puts w in front of before, or at the end when that is nil.
func (l *waitList) insert(w, before *Waiter) {
	after := l.tail
	if before != nil {
		after = before.prev
		before.prev = w
	} else {
		l.tail = w
	}
	if after != nil {
		after.next = w
	} else {
		l.head = w
	}
	w.prev, w.next = after, before
}

func (l *waitList) remove(w *Waiter) {
	if w.prev == nil {
		l.head = w.next
	} else {
		w.prev.next = w.next
	}
	if w.next == nil {
		l.tail = w.prev
	} else {
		w.next.prev = w.prev
	}
	w.prev, w.next = nil, nil
}

// Mailbox has the requests of one loop that waited and have got a place at a backend.
type Mailbox struct {
	Wake   func() // tells the loop that there is one
	full   atomic.Bool
	mu     sync.Mutex // guards grants, and the waiters in them; taken after a queue's
	grants waitList
}

func (m *Mailbox) put(w *Waiter) {
	m.mu.Lock()
	m.grants.push(w)
	m.full.Store(true)
	m.mu.Unlock()
	m.Wake()
}

func (m *Mailbox) remove(w *Waiter) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.grants.remove(w)
}

// Next returns a waiter that has got a place, with the place; nil when there is none.
func (m *Mailbox) Next() (*Waiter, *Backend) {
	if !m.full.Load() {
		return nil, nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	w := m.grants.head
	if w == nil {
		m.full.Store(false)
		return nil, nil
	}
	m.grants.remove(w)
	place := w.Place
	w.state, w.Place = waitNone, nil
	return w, place
}

// Enter puts w at the end of the queue, or where it would stand by now had it not been tried already, unless sizeMax
// wait. It may have a place at once.
func (b *Balancer) Enter(w *Waiter, sizeMax int, now int64) bool {
	q := &b.service.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.waiting.Load() >= int64(sizeMax) {
		return false
	}
	w.state, w.box = waitQueued, b.box
	if w.Tries == 0 {
		q.list.push(w)
	} else {
		q.list.pushAged(w)
	}
	q.waiting.Add(1)
	b.serve(now)
	return true
}

// Leave takes w out, wherever it is, and returns the place that it had been given and has not used.
func (b *Balancer) Leave(w *Waiter) *Backend {
	q := &b.service.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	switch w.state {
	case waitQueued:
		q.list.remove(w)
		q.waiting.Add(-1)
	case waitGranted:
		w.box.remove(w)
	case waitNone:
	}
	place := w.Place
	w.state, w.Place = waitNone, nil
	return place
}

// Serve is called when there may be a place for a request that waits.
func (b *Balancer) Serve(now int64) {
	b.service.queue.mu.Lock()
	defer b.service.queue.mu.Unlock()
	b.serve(now)
}

// serve gives places to those that wait, the oldest first, for as long as there are any, by the newest table. The
// caller holds the queue's lock.
func (b *Balancer) serve(now int64) {
	t, q := b.service.table.Load(), &b.service.queue
	for w := q.list.head; w != nil && b.AnyFree(t); {
		next := w.next
		if place := b.Choose(t, w, now); place != nil {
			q.list.remove(w)
			q.waiting.Add(-1)
			w.state, w.Place = waitGranted, place
			w.box.put(w)
		}
		w = next
	}
}

// Waiting lists the requests of this loop that wait.
func (b *Balancer) Waiting() (list []*Waiter) {
	q := &b.service.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	for w := q.list.head; w != nil; w = w.next {
		if w.box == b.box {
			list = append(list, w)
		}
	}
	return list
}

// Forgive lets the requests of this loop that wait have the backends again that failed them.
func (b *Balancer) Forgive(now int64) {
	q := &b.service.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	for w := q.list.head; w != nil; w = w.next {
		if w.box == b.box && w.Tries > 0 {
			w.tried = set{}
		}
	}
	b.serve(now)
}

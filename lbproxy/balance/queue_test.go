package balance

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

// line is a queue with the loops that share it.
type line struct {
	t       *testing.T
	service Service
	table   *Table
	loops   []*Balancer
	wakes   []int // of each loop
}

// newLine makes a queue for so many loops in front of backends in these states, each of which takes limit requests.
func newLine(t *testing.T, loops, limit int, states ...State) *line {
	q := &line{t: t, table: tableOf(t, states...), wakes: make([]int, loops)}
	q.service.Use(q.table)
	for i := range loops {
		b := NewBalancer(&q.service, &Mailbox{Wake: func() { q.wakes[i]++ }}, i)
		b.Configure(LeastConn, limit)
		q.loops = append(q.loops, &b)
	}
	return q
}

// enter has requests with these ids wait in a loop.
func (q *line) enter(loop int, ids ...int32) (list []*Waiter) {
	q.t.Helper()
	for _, id := range ids {
		w := &Waiter{ID: id, Since: int64(id)}
		if !q.loops[loop].Enter(w, 1000, 1) {
			q.t.Fatalf("request %d: got no place in the queue", id)
		}
		list = append(list, w)
	}
	return list
}

// granted takes all that is in a loop's mailbox.
func (q *line) granted(loop int) (ids []int32) {
	for {
		w, place := q.loops[loop].box.Next()
		if w == nil {
			return ids
		}
		if place == nil || w.Place != nil {
			q.t.Errorf("request %d: got place %v, and holds %v; want one, and to hold none", w.ID, place, w.Place)
		}
		ids = append(ids, w.ID)
	}
}

// free ends a request at a backend, in a loop that then looks which waits.
func (q *line) free(loop, backend int) {
	q.table.At(backend).Release()
	q.loops[loop].Serve(1)
}

func (q *line) want(what string, got []int32, want ...int32) {
	q.t.Helper()
	if !slices.Equal(got, want) {
		q.t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// waiting are the requests that still wait, by their ids.
func (q *line) waiting() (ids []int32) {
	for w := q.service.queue.list.head; w != nil; w = w.next {
		ids = append(ids, w.ID)
	}
	if got := q.service.Waiting(); got != int64(len(ids)) {
		q.t.Errorf("count of those that wait: got %d, want %d", got, len(ids))
	}
	return ids
}

func TestAPlaceGoesToTheOldestInWhicheverLoop(t *testing.T) {
	q := newLine(t, 2, 1, Up)
	q.enter(0, 1)
	q.want("the first has the place", q.granted(0), 1)
	q.enter(1, 2, 4)
	q.enter(0, 3)
	q.want("the others wait", q.waiting(), 2, 4, 3)
	for i, next := range []struct {
		loop int
		id   int32
	}{{1, 2}, {1, 4}, {0, 3}} {
		q.free(i%2, 0)
		q.want(fmt.Sprintf("place %d", i), q.granted(next.loop), next.id)
		q.want("the other loop has none", q.granted(1-next.loop))
	}
	if q.wakes[0] != 2 || q.wakes[1] != 2 {
		t.Errorf("wake-ups: got %v, want one for each place", q.wakes)
	}
}

func TestARequestThatWasTriedStandsWhereItsAgePutsIt(t *testing.T) {
	q := newLine(t, 1, 1, Down)
	q.enter(0, 10, 20, 30)
	for _, again := range []int32{25, 5, 40, 20} {
		if !q.loops[0].Enter(&Waiter{ID: again, Since: int64(again), Tries: 1}, 1000, 1) {
			t.Fatalf("request %d: got no place in the queue", again)
		}
	}
	q.want("the order", q.waiting(), 5, 10, 20, 20, 25, 30, 40)
}

func TestAFullQueueTakesNone(t *testing.T) {
	q := newLine(t, 2, 1, Down)
	for n := range 3 {
		if got := q.loops[n%2].Enter(&Waiter{}, 2, 1); got != (n < 2) {
			t.Errorf("request %d: got in %v, want %v", n+1, got, n < 2)
		}
	}
	w := q.service.queue.list.head
	q.loops[0].Leave(w)
	if !q.loops[1].Enter(&Waiter{}, 2, 1) {
		t.Error("after one has left: got no place")
	}
	if q.loops[0].Enter(&Waiter{}, 0, 1) {
		t.Error("a queue without places takes a request")
	}
}

func TestARequestLeavesFromWhereverItIs(t *testing.T) {
	q := newLine(t, 2, 1, Up)
	first := q.enter(0, 1)[0]
	list := q.enter(1, 2, 3, 4)
	if place := q.loops[1].Leave(list[1]); place != nil {
		t.Errorf("one in the middle: got place %v, want none", place)
	}
	q.want("those that wait", q.waiting(), 2, 4)
	if place := q.loops[0].Leave(first); place != q.table.At(0) {
		t.Errorf("one that has a place and has not used it: got %v, want the place", place)
	}
	q.want("its mailbox", q.granted(0))
	q.free(0, 0)
	q.want("the place is passed on", q.granted(1), 2)
	if place := q.loops[1].Leave(list[0]); place != nil {
		t.Errorf("one that uses its place: got %v, want none", place)
	}
	if place := q.loops[1].Leave(&Waiter{}); place != nil {
		t.Errorf("one that has never waited: got %v, want none", place)
	}
	if place := q.loops[1].Leave(list[2]); place != nil {
		t.Errorf("the last: got place %v, want none", place)
	}
	q.want("nothing is left", q.waiting())
}

func TestARequestIsPassedOverByABackendThatFailedIt(t *testing.T) {
	q := newLine(t, 1, 1, Up, Up)
	q.table.At(0).claim(0)
	q.table.At(1).claim(0)
	list := q.enter(0, 1, 2)
	list[0].NoteTried(q.table.At(0))
	q.free(0, 0)
	q.want("the place goes to the next", q.granted(0), 2)
	q.want("the oldest waits", q.waiting(), 1)
	q.free(0, 1)
	q.want("the other backend", q.granted(0), 1)
}

func TestForgivenessIsForTheRequestsOfOneLoop(t *testing.T) {
	q := newLine(t, 2, 0, Up)
	mine, other, fresh := &Waiter{ID: 1, Tries: 1}, &Waiter{ID: 2, Tries: 1}, &Waiter{ID: 3}
	for loop, w := range []*Waiter{mine, other} {
		w.NoteTried(q.table.At(0))
		q.loops[loop].Enter(w, 10, 1)
	}
	fresh.NoteTried(q.table.At(0)) // as if it had been excluded for another reason
	q.loops[0].Enter(fresh, 10, 1)
	q.want("none has a backend", q.waiting(), 1, 2, 3)
	if got := q.loops[0].Waiting(); len(got) != 2 || got[0] != mine || got[1] != fresh {
		t.Errorf("requests of the first loop: got %v, want two", got)
	}
	q.loops[0].Forgive(1)
	q.want("the first loop", q.granted(0), 1)
	q.want("the second", q.granted(1))
	q.loops[1].Forgive(1)
	q.want("the second, forgiven", q.granted(1), 2)
	q.want("what was never tried is not forgiven", q.waiting(), 3)
}

func TestANewTableServesThoseThatWait(t *testing.T) {
	q := newLine(t, 1, 0, Down)
	q.enter(0, 1, 2)
	q.loops[0].Serve(1)
	q.want("none is up", q.granted(0))
	q.service.Use(tableOf(t, Up))
	q.loops[0].Serve(1)
	q.want("one is up", q.granted(0), 1, 2)
	if q.service.Table().At(0).Load() != 2 {
		t.Errorf("requests at the new backend: got %d, want 2", q.service.Table().At(0).Load())
	}
}

func TestAQueueOfNoServiceWaits(t *testing.T) {
	b := newBalancer(RoundRobin, 0)
	if !b.Enter(&Waiter{ID: 1}, 1, 1) || b.service.Waiting() != 1 {
		t.Error("before the first snapshot: got no wait, want one")
	}
	if w, _ := b.box.Next(); w != nil {
		t.Errorf("got a place for %d, want none", w.ID)
	}
}

// TestNoPlaceAndNoRequestIsLost has loops let requests come, wait, get places, end and leave at random, all at once.
func TestNoPlaceAndNoRequestIsLost(t *testing.T) {
	for _, method := range allMethods() {
		t.Run(string(method), func(t *testing.T) {
			t.Parallel()
			const loops, limit, each = 3, 2, 3000
			service, table := &Service{}, warmTable(t, 3)
			service.Use(table)
			var served atomic.Int64
			var all sync.WaitGroup
			for i := range loops {
				all.Go(func() {
					served.Add(int64(newCrowd(t, service, method, limit, i).run(each)))
				})
			}
			all.Wait()
			if service.Waiting() != 0 || service.queue.list.head != nil || service.queue.list.tail != nil {
				t.Errorf("in the end: got %d that wait, want none", service.Waiting())
			}
			for _, backend := range table.Backends() {
				if backend.Load() != 0 {
					t.Errorf("backend %d: got %d requests in the end, want none", backend.Index, backend.Load())
				}
			}
			if served.Load() == 0 {
				t.Error("no request was served: this test showed nothing")
			}
		})
	}
}

// crowd is a loop whose requests come and go by chance.
type crowd struct {
	t       *testing.T
	b       Balancer
	limit   int64
	dice    *rand.Rand
	waiting []*Waiter
	serving []*Backend
}

func newCrowd(t *testing.T, s *Service, method Method, limit, loop int) *crowd {
	c := &crowd{t: t, b: NewBalancer(s, &Mailbox{Wake: func() {}}, loop), limit: int64(limit), dice: rand.New(rand.NewPCG(1, uint64(loop)))}
	c.b.Configure(method, limit)
	return c
}

// run makes so many steps, and then lets all end. It returns how many requests were served.
func (c *crowd) run(steps int) (served int) {
	for n := range steps {
		switch c.dice.IntN(4) {
		case 0, 1:
			c.come(n)
		case 2:
			c.end()
		case 3:
			if len(c.waiting) > 0 && c.dice.IntN(4) == 0 {
				c.leave(c.dice.IntN(len(c.waiting)))
			}
		}
		served += c.take()
	}
	for len(c.waiting) > 0 {
		c.leave(0)
	}
	for len(c.serving) > 0 {
		c.end()
	}
	return served
}

// come has a request come: at a backend at once, or in the queue.
func (c *crowd) come(n int) {
	w := &Waiter{ID: int32(n), Since: int64(n), Tries: uint32(c.dice.IntN(2))}
	w.Client[15] = byte(c.dice.IntN(256))
	if c.b.service.Waiting() == 0 {
		if place := c.b.Choose(c.b.service.Table(), w, 1<<40); place != nil {
			c.serve(place)
			return
		}
	}
	if c.b.Enter(w, 50, 1<<40) {
		c.waiting = append(c.waiting, w)
	}
}

func (c *crowd) serve(place *Backend) {
	if n := place.InFlight(); n > c.limit {
		c.t.Errorf("backend %d: got %d requests at once, want %d at most", place.Index, n, c.limit)
	}
	c.serving = append(c.serving, place)
}

// end ends a request that is with a backend, and passes on its place.
func (c *crowd) end() {
	if len(c.serving) == 0 {
		return
	}
	place := c.serving[0]
	c.serving = c.serving[1:]
	c.free(place)
}

func (c *crowd) free(place *Backend) {
	place.Release()
	if c.b.service.Waiting() > 0 {
		c.b.Serve(1 << 40)
	}
}

// leave has a request that waits leave, perhaps with a place that it has got meanwhile.
func (c *crowd) leave(at int) {
	w := c.waiting[at]
	c.waiting = slices.Delete(c.waiting, at, at+1)
	if place := c.b.Leave(w); place != nil {
		c.free(place)
	}
}

// take begins with the requests that have got places.
func (c *crowd) take() (n int) {
	for {
		w, place := c.b.box.Next()
		if w == nil {
			return n
		}
		at := slices.Index(c.waiting, w)
		if at < 0 {
			c.t.Errorf("request %d got a place after it had left", w.ID)
			return n
		}
		c.waiting = slices.Delete(c.waiting, at, at+1)
		c.serve(place)
		n++
	}
}

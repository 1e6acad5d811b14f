package epoll_test

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"percore/lbproxy/epoll"
)

// patienceMillis is how long a wait may last that is to end at once.
const patienceMillis = 20_000

func newPoller(t *testing.T) *epoll.Poller {
	t.Helper()
	p, err := epoll.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Errorf("close: got %v, want no error", err)
		}
	})
	return p
}

// pair returns the two ends of a connection.
func pair(t *testing.T) (a, b int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fds[0]); unix.Close(fds[1]) })
	return fds[0], fds[1]
}

func wait(t *testing.T, p *epoll.Poller, timeoutMillis int64) []epoll.Event {
	t.Helper()
	events, err := p.Wait(timeoutMillis, 0)
	if err != nil {
		t.Fatal(err)
	}
	return events
}

func TestAnEventCarriesItsTokenAndFlags(t *testing.T) {
	p := newPoller(t)
	a, b := pair(t)
	token := epoll.Token{Slot: 7, Generation: 0xfffffff0}
	if err := p.Add(a, token, epoll.In|epoll.Out|epoll.PeerClosed|epoll.EdgeTriggered); err != nil {
		t.Fatal(err)
	}
	steps := []struct {
		name string
		do   func()
		want uint32
	}{
		{"writable at first", func() {}, epoll.Out},
		{"readable after a byte", func() { unix.Write(b, []byte("x")) }, epoll.In | epoll.Out},
		{"closed by the peer", func() { unix.Shutdown(b, unix.SHUT_WR) }, epoll.In | epoll.Out | epoll.PeerClosed},
	}
	for _, step := range steps {
		step.do()
		events := wait(t, p, 1000)
		if len(events) != 1 || events[0].Token != token || events[0].Flags != step.want {
			t.Errorf("%s: got %+v, want one event with %+v and flags %#x", step.name, events, token, step.want)
		}
		if events := wait(t, p, 0); len(events) != 0 {
			t.Errorf("%s, again: got %+v, want no second report of one edge", step.name, events)
		}
	}
	if err := p.Remove(a); err != nil {
		t.Errorf("remove: got %v, want no error", err)
	}
	if err := p.Remove(a); err == nil {
		t.Error("remove twice: got no error, want one")
	}
}

func TestWaitEndsAtItsTimeout(t *testing.T) {
	p := newPoller(t)
	start := time.Now()
	for time.Since(start) < 30*time.Millisecond { // a signal may end one early
		if events := wait(t, p, 30); len(events) != 0 {
			t.Errorf("events: got %+v, want none", events)
		}
	}
}

func TestWakeEndsAWaitAtOnce(t *testing.T) {
	p := newPoller(t)
	woken := make(chan struct{})
	go func() {
		defer close(woken)
		if _, err := p.Wait(-1, 1<<40); err != nil { // behind the raw window: an ordinary system call, without EINTR
			t.Error(err)
		}
	}()
	time.Sleep(20 * time.Millisecond) // it waits by now, mostly
	p.Wake()
	<-woken // or never: that wait has no end of its own
}

func TestAWakeBeforeTheWaitIsNotLost(t *testing.T) {
	p := newPoller(t)
	p.Wake()
	p.Wake()
	start := time.Now()
	wait(t, p, 2*patienceMillis)
	if took := time.Since(start); took > patienceMillis*time.Millisecond {
		t.Errorf("wait took %v, want it to return at once", took)
	}
}

// TestNoWakeOfManyIsLost has several goroutines hand numbers to a poller's owner, which must see each without ever
// waiting long. The kernel's counter behind Wake is never read, so this also shows that it does not fill up.
func TestNoWakeOfManyIsLost(t *testing.T) {
	const senders, each = 4, 2000
	p := newPoller(t)
	var posted atomic.Int64
	var wg sync.WaitGroup
	for range senders {
		wg.Go(func() {
			for i := range each {
				posted.Add(1)
				p.Wake()
				if i%50 == 0 {
					time.Sleep(time.Millisecond) // the owner goes to sleep
				}
			}
		})
	}
	for seen := int64(0); seen < senders*each; seen = posted.Load() {
		start := time.Now()
		wait(t, p, 2*patienceMillis)
		if time.Since(start) > patienceMillis*time.Millisecond {
			t.Fatalf("a wake-up was lost after %d", seen)
		}
	}
	wg.Wait()
}

// TestTheThousandthWakeWorksLikeTheFirst wakes a sleeping owner again and again: the kernel's counter behind Wake is
// never read, and must not fill up.
func TestTheThousandthWakeWorksLikeTheFirst(t *testing.T) {
	const wakes = 1000
	p := newPoller(t)
	turns := make(chan error)
	go func() {
		for i := range int64(wakes) {
			_, err := p.Wait(-1, i*10_000) // later than the raw window, which would end by itself
			turns <- err
		}
	}()
	for i := range wakes {
		time.Sleep(50 * time.Microsecond) // the owner is asleep by now, mostly
		p.Wake()
		select {
		case err := <-turns:
			if err != nil {
				t.Fatal(err)
			}
		case <-time.After(patienceMillis * time.Millisecond):
			t.Fatalf("wake-up %d was lost", i)
		}
	}
}

func TestManyWakesMakeOneTurn(t *testing.T) {
	p := newPoller(t)
	for range 1000 {
		p.Wake()
	}
	wait(t, p, 1000)
	start := time.Now()
	for time.Since(start) < 20*time.Millisecond {
		wait(t, p, 20)
	}
	if took := time.Since(start); took < 20*time.Millisecond {
		t.Errorf("the second wait took %v, want its whole time-out", took)
	}
}

// TestGarbageCollectionIsNotHeldUpByAWaitingLoop stops the world again and again while a loop waits raw. Without a
// scheduling point after EINTR a collection takes seconds; with it less than 20 ms, on a quiet machine.
func TestGarbageCollectionIsNotHeldUpByAWaitingLoop(t *testing.T) {
	p := newPoller(t)
	a, b := pair(t)
	if err := p.Add(a, epoll.Token{}, epoll.In|epoll.EdgeTriggered); err != nil {
		t.Fatal(err)
	}
	epoch := time.Now()
	var stop atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		for !stop.Load() {
			if _, err := p.Wait(-1, time.Since(epoch).Milliseconds()); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	var took []time.Duration
	for i := range 60 {
		if i%20 == 0 { // opens the raw window anew
			_, _ = unix.Write(b, []byte("x"))
		}
		time.Sleep(10 * time.Millisecond)
		start := time.Now()
		runtime.GC()
		took = append(took, time.Since(start))
	}
	stop.Store(true)
	p.Wake()
	<-done
	slices.Sort(took)
	if median := took[len(took)/2]; median > 500*time.Millisecond {
		t.Errorf("median collection: got %v (worst %v), want far less", median, took[len(took)-1])
	}
}

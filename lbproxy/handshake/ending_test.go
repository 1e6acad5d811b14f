package handshake_test

import (
	"errors"
	"log/slog"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"percore/lbproxy/handshake"
)

// end is an Ending that runs, and what it has brought about.
type end struct {
	*handshake.Ending
	closed, changed atomic.Int64
}

func newEnd(t *testing.T, sockets ...int) *end {
	t.Helper()
	e := &end{}
	e.Ending = handshake.NewEnding(slog.New(slog.DiscardHandler), func() { e.closed.Add(1) }, func() { e.changed.Add(1) })
	e.Add(sockets)
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() { e.Run(stop); close(ended) }()
	t.Cleanup(func() { close(stop); <-ended })
	return e
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("after 10 s: want that %s", what)
		}
	}
}

func TestListenersAreClosedOnceNoHandshakeIsUnderWay(t *testing.T) {
	l := listen(t, "127.0.0.1:0")
	e := newEnd(t, l.fd)
	if e.IsSettled() {
		t.Error("before it begins: got settled, want not")
	}
	e.Begin(true, handshake.SettleMax)
	eventually(t, "the listeners are closed", func() bool { return e.closed.Load() == 1 })
	if !e.IsSettled() {
		t.Error("behind that: got not settled, want settled")
	}
	wantRefused(t, l.address)
	e.Begin(true, handshake.SettleMax)
	e.Begin(false, 0)
	eventually(t, "it is told", func() bool { return e.changed.Load() == 1 })
	if got := e.closed.Load(); got != 1 {
		t.Errorf("closed %d times, want once", got)
	}
}

// TestListenersStayOpenUntilTheyMayBeClosed: should their owner die before, its successor finds the queue.
func TestListenersStayOpenUntilTheyMayBeClosed(t *testing.T) {
	l := listen(t, "127.0.0.1:0")
	e := newEnd(t, l.fd)
	e.Begin(false, handshake.SettleMax)
	eventually(t, "it is settled", e.IsSettled)
	if got := e.closed.Load(); got != 0 {
		t.Errorf("closed %d times, want that they wait", got)
	}
	e.Begin(true, handshake.SettleMax)
	eventually(t, "the listeners are closed", func() bool { return e.closed.Load() == 1 })
}

func TestAHandshakeThatStandsStillHasItsPatience(t *testing.T) {
	l := listen(t, "127.0.0.1:0")
	if err := unix.SetsockoptInt(l.fd, unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT, 60); err != nil {
		t.Fatal(err)
	}
	l.dial(t)
	e := newEnd(t, l.fd)
	const patience = 200 * time.Millisecond
	began := time.Now()
	e.Begin(true, patience)
	eventually(t, "the listeners are closed", func() bool { return e.closed.Load() == 1 })
	if took := time.Since(began); took < patience {
		t.Errorf("closed after %v, want after %v", took, patience)
	}
}

// TestWhereTheKernelTellsNothingItEndsAllTheSame, after a moment.
func TestWhereTheKernelTellsNothingItEndsAllTheSame(t *testing.T) {
	file, err := os.Open("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	e := newEnd(t, int(file.Fd()))
	e.Begin(true, time.Minute)
	eventually(t, "the listeners are closed", func() bool { return e.closed.Load() == 1 })
}

// TestWhatIsForgottenIsNotTouched: its owner closes it, and another file may have the number then.
func TestWhatIsForgottenIsNotTouched(t *testing.T) {
	l := listen(t, "127.0.0.1:0")
	e := newEnd(t, l.fd)
	e.Forget()
	e.Begin(true, handshake.SettleMax)
	eventually(t, "it is over", func() bool { return e.closed.Load() == 1 })
	c, err := net.Dial("tcp", l.address)
	if errors.Is(err, syscall.ECONNREFUSED) {
		t.Fatal("the listener refuses clients, want it as it was")
	}
	if err == nil {
		c.Close()
	}
}

func TestAnEndingThatNeverBeginsStops(t *testing.T) {
	e := handshake.NewEnding(slog.New(slog.DiscardHandler), func() { t.Error("the listeners are closed") }, func() { t.Error("something is told") })
	stop := make(chan struct{})
	close(stop)
	e.Run(stop)
	if e.IsSettled() {
		t.Error("got settled, want not")
	}
}

func TestAHandshakeThatCompletesEndsTheWait(t *testing.T) {
	l := listen(t, "127.0.0.1:0")
	if err := unix.SetsockoptInt(l.fd, unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT, 60); err != nil {
		t.Fatal(err)
	}
	client := l.dial(t)
	e := newEnd(t, l.fd)
	e.Begin(true, time.Hour)
	time.Sleep(3 * handshake.SettleMin)
	if got := e.closed.Load(); got != 0 {
		t.Fatalf("closed %d times, want the handshake waited for", got)
	}
	if _, err := client.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the listeners are closed", func() bool { return e.closed.Load() == 1 })
}

func TestAllListenersOfAGroupEndTogether(t *testing.T) {
	one, other := listen(t, "127.0.0.1:0"), listen(t, "127.0.0.1:0")
	e := newEnd(t, one.fd)
	e.Add([]int{other.fd})
	e.Begin(true, handshake.SettleMax)
	eventually(t, "the listeners are closed", func() bool { return e.closed.Load() == 1 })
	wantRefused(t, one.address)
	wantRefused(t, other.address)
}

// TestManyMayBeginIt: snapshots and the end of the process come from different goroutines.
func TestManyMayBeginIt(t *testing.T) {
	l := listen(t, "127.0.0.1:0")
	e := newEnd(t, l.fd)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() { e.Begin(true, handshake.SettleMax) })
	}
	all.Wait()
	eventually(t, "the listeners are closed", func() bool { return e.closed.Load() > 0 })
	eventually(t, "it is told", func() bool { return e.changed.Load() > 0 })
	if closed, changed := e.closed.Load(), e.changed.Load(); closed != 1 || changed != 1 {
		t.Errorf("got %d times closed and %d times told, want once", closed, changed)
	}
}

func TestItSettlesOnlyOnceItHasBegun(t *testing.T) {
	l := listen(t, "127.0.0.1:0")
	e := newEnd(t, l.fd)
	time.Sleep(2 * handshake.SettleMin)
	if e.IsSettled() || e.changed.Load() != 0 || e.closed.Load() != 0 {
		t.Error("before it begins: want nothing to happen")
	}
	l.dial(t) // and clients are taken
}

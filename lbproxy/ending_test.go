package lbproxy

import (
	"errors"
	"net"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"percore/lbproxy/handshake"
)

// newSlowRig is a front door whose handshakes complete when the client has sent its first byte (man 7 tcp,
// TCP_DEFER_ACCEPT), as if the client's ACK were on its way until then.
func newSlowRig(t *testing.T) *rig {
	t.Helper()
	listeners, address := listenersOf(t, 1)
	if err := unix.SetsockoptInt(int(listeners[0].File.Fd()), unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT, 60); err != nil {
		t.Fatal(err)
	}
	r := rigOn(t, DefaultOptions(), listeners)
	r.address = address
	return r
}

// TestAStopWaitsForHandshakesThatHaveBegun and serves them, while new clients are refused.
func TestAStopWaitsForHandshakesThatHaveBegun(t *testing.T) {
	t.Parallel()
	r := newSlowRig(t)
	s := newStub(t, constant("ok"))
	r.workers(s.address)
	c := r.client()
	r.drain(s.address)
	eventually(t, "new clients are refused", func() bool {
		other, err := net.Dial("tcp", r.address)
		if err == nil {
			other.Close()
		}
		return errors.Is(err, syscall.ECONNREFUSED)
	})
	time.Sleep(5 * handshake.SettleMin)
	if r.listenersClosed() {
		t.Fatal("the listener is closed, want it open while a handshake is under way")
	}
	c.send(getRequest).read("GET").want(t, 200, "ok")
	eventually(t, "the listener is closed", r.listenersClosed)
}

func TestAHandshakeThatStandsStillHoldsNoStopUpForLong(t *testing.T) {
	t.Parallel()
	r := newSlowRig(t)
	r.dial()
	began := time.Now()
	r.seq++
	if err := r.proxy.Apply(Snapshot{Seq: r.seq, Drain: true, Sole: true, Settle: 300 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the listener is closed", r.listenersClosed)
	if took := time.Since(began); took < 300*time.Millisecond {
		t.Errorf("the listener was closed after %v, want 300 ms at least", took)
	}
}

// TestTheListenersStayOpenUntilNoOtherProcessHoldsThem: should the front door die before, its successor finds the
// queue.
func TestTheListenersStayOpenUntilNoOtherProcessHoldsThem(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(o *Options) { o.Loops = 2 })
	s := newStub(t, constant("ok"))
	r.workers(s.address)
	r.seq++
	if err := r.proxy.Apply(Snapshot{Seq: r.seq, Endpoints: up(s.address), Drain: true}); err != nil {
		t.Fatal(err)
	}
	r.report("handshakes settled", func(rep Report) bool { return rep.Seq == r.seq && rep.Settled })
	if r.listenersClosed() {
		t.Error("the listeners are closed, want them open until the snapshot says that they are the last")
	}
	r.drain(s.address)
	eventually(t, "the listeners are closed", r.listenersClosed)
}

func TestADrainIsNotSettledBeforeItBegins(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	s := newStub(t, constant("ok"))
	r.workers(s.address)
	r.report("the snapshot is in use", func(rep Report) bool {
		if rep.Settled {
			t.Errorf("got %+v, want it not settled", rep)
		}
		return rep.Seq == r.seq
	})
}

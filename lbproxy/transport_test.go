package lbproxy

import (
	"testing"

	"golang.org/x/sys/unix"

	"percore/lbproxy/buffer"
	"percore/lbproxy/socket"
)

// wired is one end of a connection, as a loop has it, and the other end's descriptor. Events come by hand.
type wired struct {
	*transport
	c    *conn
	peer int32
}

func newWired(t *testing.T) *wired {
	t.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	w := &wired{&transport{scratch: buffer.NewScratch()}, &conn{fd: int32(pair[0])}, int32(pair[1])}
	t.Cleanup(func() { w.c.closeSocket(); socket.Close(w.peer) })
	return w
}

// say has the other end send something, and the kernel report it.
func (w *wired) say(t *testing.T, text string) {
	t.Helper()
	if n, errno := socket.Send(w.peer, []byte(text)); n != len(text) || errno != socket.OK {
		t.Fatalf("send: got %d, %v", n, errno)
	}
	w.c.noteEvent(unix.EPOLLIN | unix.EPOLLOUT)
}

// finish has the other end send its FIN, and the kernel report it.
func (w *wired) finish() {
	socket.ShutdownWrite(w.peer)
	w.c.noteEvent(unix.EPOLLIN | unix.EPOLLRDHUP)
}

// wantReceived reads once and compares; want is nil where nothing is there.
func (w *wired) wantReceived(t *testing.T, room int, want []byte) {
	t.Helper()
	b, ok := w.receive(w.c, room)
	if string(b) != string(want) || ok != (want != nil) {
		t.Errorf("receive: got %q, %v, want %q", b, ok, want)
	}
}

func TestWhatEventsTellOfAConnection(t *testing.T) {
	tests := []struct {
		name                                 string
		events                               uint32
		readable, ended, gone, failed, stirs bool
	}{
		{"room to write", unix.EPOLLOUT, false, false, false, false, false},
		{"bytes", unix.EPOLLIN | unix.EPOLLOUT, true, false, false, false, true},
		{"a FIN", unix.EPOLLIN | unix.EPOLLRDHUP, true, true, false, false, true},
		{"an end on both sides", unix.EPOLLIN | unix.EPOLLRDHUP | unix.EPOLLHUP, true, true, true, false, true},
		{"an error", unix.EPOLLIN | unix.EPOLLERR | unix.EPOLLHUP, true, false, true, true, true},
		{"an error alone", unix.EPOLLERR, true, false, true, true, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := &conn{}
			c.noteEvent(test.events)
			if c.readable() != test.readable || c.ended() != test.ended || c.gone() != test.gone || c.failed() != test.failed || c.stirs() != test.stirs {
				t.Errorf("got %t, %t, %t, %t, %t, want %+v", c.readable(), c.ended(), c.gone(), c.failed(), c.stirs(), test)
			}
			before := c.facts
			if c.noteEvent(unix.EPOLLOUT); c.facts != before {
				t.Errorf("behind a further event: got %b, want %b: facts hold until they are used up", c.facts, before)
			}
		})
	}
}

// TestAReadThatTakesAllWaitsForTheNextEvent, which an edge-triggered poller sends for each byte that comes later.
func TestAReadThatTakesAllWaitsForTheNextEvent(t *testing.T) {
	w := newWired(t)
	w.say(t, "question")
	if w.wantReceived(t, 4, []byte("ques")); !w.c.readable() {
		t.Error("with more to read: got not readable, want readable")
	}
	if w.wantReceived(t, 100, []byte("tion")); w.c.readable() {
		t.Error("behind a short read: got readable, want it to wait for an event")
	}
	w.c.readAgain()
	if w.wantReceived(t, 100, nil); w.c.readable() {
		t.Error("with nothing there: got readable, want it to wait for an event")
	}
}

// TestTheEndIsReadBehindWhatCameBefore: no further event tells of a FIN that was reported together with bytes.
func TestTheEndIsReadBehindWhatCameBefore(t *testing.T) {
	w := newWired(t)
	w.say(t, "last words")
	w.finish()
	if w.wantReceived(t, 100, []byte("last words")); !w.c.readable() {
		t.Error("with a FIN behind it: got not readable, want readable")
	}
	w.wantReceived(t, 100, []byte{})
	if w.c.readNoMore(); w.c.readable() || !w.c.stirs() {
		t.Error("when the end was read: want nothing more to read, and that it is not forgotten")
	}
}

func TestAPeekCountsAsAnEvent(t *testing.T) {
	w := newWired(t)
	w.c.readAgain()
	if got := w.peek(w.c); got != nextNothing || w.c.readable() {
		t.Errorf("with nothing there: got %d and readable %t, want nothing to read", got, w.c.readable())
	}
	w.say(t, "x")
	if got := w.peek(w.c); got != nextBytes || !w.c.readable() {
		t.Errorf("with a byte: got %d and readable %t, want bytes", got, w.c.readable())
	}
	w.wantReceived(t, 100, []byte("x"))
	socket.ShutdownWrite(w.peer)
	if got := w.peek(w.c); got != nextEnd || !w.c.ended() {
		t.Errorf("with a FIN that no event told: got %d and ended %t, want the end", got, w.c.ended())
	}
}

func TestASocketThatIsFullTakesNothingAndOneThatIsOverNeverWill(t *testing.T) {
	w := newWired(t)
	n, ok := 1, true
	for piece := make([]byte, 64<<10); n > 0 && ok; {
		n, ok = w.send(w.c, piece)
	}
	if !ok {
		t.Error("full: got never again, want later")
	}
	socket.Close(w.peer)
	w.peer = -1
	if n, ok := w.send(w.c, []byte("x")); n != 0 || ok {
		t.Errorf("with the other end closed: got %d, %t, want never again", n, ok)
	}
	if n, ok := w.sendLast(w.c, []byte("x")); n != 0 || ok {
		t.Errorf("the last bytes: got %d, %t, want never again", n, ok)
	}
}

func TestOurSideEndsOnce(t *testing.T) {
	w := newWired(t)
	if w.c.finSent() {
		t.Error("got ended, want open")
	}
	w.sendFin(w.c)
	if b := make([]byte, 1); !w.c.finSent() {
		t.Error("got open, want ended")
	} else if n, errno := socket.Recv(w.peer, b, 0); n != 0 || errno != socket.OK {
		t.Errorf("the other end: got %d, %v, want the end", n, errno)
	}
	other := &conn{}
	if other.endWriting(); !other.finSent() || !other.readable() {
		t.Error("of one that takes nothing any more: want it ended, and read once more")
	}
}

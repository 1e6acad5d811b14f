package lbproxy

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"percore/lbproxy/epoll"
)

func TestASlotIsNeverGivenTwice(t *testing.T) {
	var s slab
	taken := map[int32]*conn{}
	grown := 0
	for step := range 20_000 {
		if rand.IntN(5) < 3 {
			c, grew := s.take(int32(step), kindUpstream)
			if taken[c.slot] != nil {
				t.Fatalf("step %d: slot %d is taken already", step, c.slot)
			}
			if s.at(c.slot) != c || c.fd != int32(step) || c.exchange != noSlot {
				t.Fatalf("step %d: got %+v, want a clean slot", step, c)
			}
			if grew {
				grown++
			}
			taken[c.slot] = c
			continue
		}
		for slot, c := range taken { // any one
			before := c.generation
			s.give(c)
			if c.generation == before || c.kind != kindFree || c.fd != -1 {
				t.Fatalf("slot %d after give: got %+v, want it free with another generation", slot, c)
			}
			delete(taken, slot)
			break
		}
	}
	if s.size() != grown*slabConns {
		t.Errorf("slab: got %d slots, want %d", s.size(), grown*slabConns)
	}
}

func TestAConnectionIsSmall(t *testing.T) {
	if size := unsafe.Sizeof(conn{}); size > 128 {
		t.Errorf("size of a connection: got %d bytes, want 128 at most", size)
	}
}

// TestAnEventForAPredecessorIsDropped gives a loop an event for the socket that had the slot before.
func TestAnEventForAPredecessorIsDropped(t *testing.T) {
	r := newRig(t, nil)
	r.workers(newStub(t, constant("ok")).address)
	c := r.client()
	c.wantOpen("ok")
	r.onLoop(func(l *loop) {
		for slot := range int32(l.conns.size()) {
			if d := l.conns.at(slot); d.kind == kindDownstream {
				for _, generation := range []uint32{d.generation - 1, d.generation + 1} {
					l.dispatch(epoll.Event{Token: epoll.Token{Slot: slot, Generation: generation}, Flags: unix.EPOLLHUP | unix.EPOLLERR | unix.EPOLLIN})
				}
			}
		}
	})
	c.wantOpen("ok")
}

func TestBuffersComeInTheSmallestClassThatFits(t *testing.T) {
	tests := []struct{ ask, size int }{
		{0, 4 << 10},
		{4 << 10, 4 << 10},
		{4<<10 + 1, 20 << 10},
		{96 << 10, 96 << 10},
		{320 << 10, 320 << 10},
		{320<<10 + 1, 320<<10 + 1},
	}
	var p buffers
	for _, test := range tests {
		b := p.get(test.ask)
		if len(b) != 0 || cap(b) < test.size || test.size <= 320<<10 && cap(b) != test.size {
			t.Errorf("get %d: got length %d and capacity %d, want 0 and %d", test.ask, len(b), cap(b), test.size)
		}
		p.put(append(b, 1))
		if test.size > 320<<10 {
			continue
		}
		if again := p.get(test.ask); len(again) != 0 || &again[:1][0] != &b[:1][0] {
			t.Errorf("get %d again: got another buffer or one with bytes in it, want the one given back", test.ask)
		}
	}
	p.put(nil)
}

func TestIdleBuffersAreBounded(t *testing.T) {
	var p buffers
	for class, want := range bufferClasses {
		for range want.keep + 5 {
			p.put(make([]byte, 0, want.bytes))
		}
		if got := len(p.free[class]); got != want.keep {
			t.Errorf("idle buffers of %d bytes: got %d, want %d", want.bytes, got, want.keep)
		}
	}
}

// TestAnOutboxIsAQueueOfBytes drives it at random against a plain buffer.
func TestAnOutboxIsAQueueOfBytes(t *testing.T) {
	var p buffers
	var box outbox
	var model bytes.Buffer
	for range 3000 {
		if rand.IntN(2) == 0 {
			data := bytes.Repeat([]byte{byte(rand.IntN(256))}, rand.IntN(9000))
			box.add(&p, data)
			model.Write(data)
		} else if n := box.pending(); n > 0 {
			n = 1 + rand.IntN(n)
			if want := model.Next(n); !bytes.Equal(box.b[box.off:box.off+n], want) {
				t.Fatal("the outbox has other bytes than were put in")
			}
			if box.off += n; box.pending() == 0 {
				box.release(&p)
			}
		}
		if box.pending() != model.Len() {
			t.Fatalf("pending: got %d, want %d", box.pending(), model.Len())
		}
	}
}

func TestTheTableOfConnectionsIsNothingToTheCollector(t *testing.T) {
	for i := range reflect.TypeFor[conn]().NumField() {
		switch f := reflect.TypeFor[conn]().Field(i); f.Type.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Chan, reflect.Func, reflect.Interface, reflect.String:
			t.Errorf("field %s: got a %s, want nothing with a pointer", f.Name, f.Type)
		default:
		}
	}
}

// TestWhatWasSentAheadIsNotMoved holds that many requests in one read cost one copy, not one each.
func TestWhatWasSentAheadIsNotMoved(t *testing.T) {
	x := &exchange{loop: &loop{}}
	ahead := bytes.Repeat([]byte(getRequest), 100)
	x.keepRest(ahead)
	first := &x.in.b[0]
	for left := 99; left > 0; left-- {
		x.keepRest(x.in.bytes()[len(getRequest):])
		if got := x.in.bytes(); len(got) != left*len(getRequest) || &x.in.b[0] != first || !bytes.HasPrefix(got, []byte(getRequest)) {
			t.Fatalf("with %d requests left: got %d bytes, want %d of the same buffer", left, len(got), left*len(getRequest))
		}
	}
	x.keepRest(nil)
	if x.in.b != nil {
		t.Error("behind the last request: got a buffer, want it given back")
	}
}

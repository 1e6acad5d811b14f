package lbproxy

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"percore/lbproxy/buffer"
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
	if size := unsafe.Sizeof(conn{}); size > 88 {
		t.Errorf("size of a connection: got %d bytes, want 88 at most", size)
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
					token := epoll.Token{Slot: slot, Generation: generation}
					found, _, _ := l.hear(epoll.Event{Token: token, Flags: unix.EPOLLHUP | unix.EPOLLERR | unix.EPOLLIN})
					if found != nil || d.gone() {
						t.Error("an event for another generation: it reached the connection")
					}
				}
			}
		}
	})
	c.wantOpen("ok")
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
	var u upload
	var p buffer.Pool
	ahead := bytes.Repeat([]byte(getRequest), 100)
	u.keepRest(&p, ahead)
	whole := u.in.Bytes()
	for left := 99; left > 0; left-- {
		u.keepRest(&p, u.in.Bytes()[len(getRequest):])
		if got := u.in.Bytes(); len(got) != left*len(getRequest) || &got[0] != &whole[len(whole)-len(got)] || !bytes.HasPrefix(got, []byte(getRequest)) {
			t.Fatalf("with %d requests left: got %d bytes, want %d of the same buffer", left, len(got), left*len(getRequest))
		}
	}
	u.keepRest(&p, nil)
	if p.Used() != 0 {
		t.Error("behind the last request: got a buffer, want it given back")
	}
}

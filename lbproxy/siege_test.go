package lbproxy

import (
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"percore/e2e/siege"
)

// attackOn attacks on a connection until the front door has ended it.
func attackOn(c net.Conn, a siege.Attack) {
	if a.Deaf {
		_ = c.(*net.TCPConn).SetReadBuffer(4096)
	}
	_, _ = io.WriteString(c, a.Says)
	if a.Drip == "" {
		_, _ = io.Copy(io.Discard, c)
		return
	}
	for _, err := io.WriteString(c, a.Drip); err == nil; _, err = io.WriteString(c, a.Drip) {
		time.Sleep(100 * time.Millisecond)
	}
}

// besiegers are clients that attack, each of them again and again.
type besiegers struct {
	address string
	attack  siege.Attack
	all     sync.WaitGroup
	mu      sync.Mutex // guards the rest
	over    bool
	open    map[net.Conn]bool
}

// besiege has each of the clients come again after the pause when its connection has ended.
func besiege(address string, clients int, pause time.Duration, a siege.Attack) *besiegers {
	s := &besiegers{address: address, attack: a, open: map[net.Conn]bool{}}
	for range clients {
		s.all.Go(func() {
			for s.charge() {
				time.Sleep(pause)
			}
		})
	}
	return s
}

// charge attacks once. It reports whether the siege goes on.
func (s *besiegers) charge() bool {
	c, err := net.DialTimeout("tcp", s.address, 10*time.Second)
	s.mu.Lock()
	over := s.over
	if err == nil && !over {
		s.open[c] = true
	}
	s.mu.Unlock()
	if err != nil {
		return !over
	}
	if !over {
		attackOn(c, s.attack)
	}
	c.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, c)
	return !s.over
}

func (s *besiegers) lift() {
	s.mu.Lock()
	s.over = true
	for c := range s.open {
		c.Close()
	}
	s.mu.Unlock()
	s.all.Wait()
}

// TestASiegeKeepsNoGuestOut has many more clients than there are places use up what there is, by waiting, over and
// over. Every other GET is answered soon all the same. The siege of docs/limits.md, with percore in a container, is
// e2e/tough's.
func TestASiegeKeepsNoGuestOut(t *testing.T) {
	const memory, clients, span, pause = 16 << 20, 320, time.Second, 50 * time.Millisecond // 2 MB of buffers
	large := strings.Repeat("x", 256<<10)
	worker := newStub(t, func(q *stubRequest) bool {
		if _, err := q.copyBody(io.Discard); err != nil {
			return false
		}
		if q.path() == "/large" {
			return q.ok(large)
		}
		return q.ok("ok")
	})
	for _, a := range siege.Attacks() {
		t.Run(a.Name, func(t *testing.T) {
			r := newRig(t, func(o *Options) { o.MemoryMax = memory })
			r.workers(worker.address)
			r.onLoop(func(l *loop) { l.room.clientsMax = 128 })
			calm := siege.Invite(r.address, span/4, 20*time.Millisecond).At(1)
			s := besiege(r.address, clients, pause, a)
			defer s.lift()
			time.Sleep(span / 2) // in which it begins
			guests := siege.Invite(r.address, span, 20*time.Millisecond)
			t.Logf("%v; buffers %d KB, clients %d", guests, r.usage()>>10, r.sockets(kindDownstream))
			for _, fault := range guests.Faults[:min(len(guests.Faults), 5)] {
				t.Error(fault)
			}
			most := 5*time.Second + 20*calm // it was ten and more; a machine that is busy is slow before the siege, too
			if longest := guests.At(1); longest > most {
				t.Errorf("the longest GET took %v, want %v at most, as it took %v before the siege", longest, most, calm)
			}
		})
	}
}

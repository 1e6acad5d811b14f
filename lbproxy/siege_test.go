package lbproxy

import (
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// attack is a way to use up places or buffers by waiting. It returns when the front door has ended the connection.
type attack struct {
	name string
	run  func(c net.Conn)
}

// awaitEnd reads, and forgets, until the connection ends.
func awaitEnd(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

// drip writes the same a few times a second until the connection ends.
func drip(c net.Conn, bytes string) {
	for _, err := io.WriteString(c, bytes); err == nil; _, err = io.WriteString(c, bytes) {
		time.Sleep(100 * time.Millisecond)
	}
}

var attacks = []attack{
	{"half of a small body", func(c net.Conn) {
		_, _ = io.WriteString(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhalf")
		awaitEnd(c)
	}},
	{"most of a body that is held", func(c net.Conn) {
		_, _ = io.WriteString(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 65000\r\n\r\n"+strings.Repeat("x", 60_000))
		awaitEnd(c)
	}},
	{"a body that drips", func(c net.Conn) {
		_, _ = io.WriteString(c, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
		drip(c, "1\r\nx\r\n")
	}},
	{"most of a head", func(c net.Conn) {
		_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\nA: "+strings.Repeat("x", 3000))
		awaitEnd(c)
	}},
	{"an answer that is not read", func(c net.Conn) {
		_ = c.(*net.TCPConn).SetReadBuffer(4096)
		_, _ = io.WriteString(c, "GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
		drip(c, "\r\n") // the connection's end shows in a write
	}},
	{"more behind the last answer", func(c net.Conn) {
		_, _ = io.WriteString(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n")
		drip(c, "x")
	}},
}

// siege is clients that attack, each of them again and again.
type siege struct {
	address string
	attack  attack
	all     sync.WaitGroup
	mu      sync.Mutex // guards the rest
	over    bool
	open    map[net.Conn]bool
}

// besiege has each of the clients come again after the pause when its connection has ended.
func besiege(address string, clients int, pause time.Duration, a attack) *siege {
	s := &siege{address: address, attack: a, open: map[net.Conn]bool{}}
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
func (s *siege) charge() bool {
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
		s.attack.run(c)
	}
	c.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, c)
	return !s.over
}

func (s *siege) lift() {
	s.mu.Lock()
	s.over = true
	for c := range s.open {
		c.Close()
	}
	s.mu.Unlock()
	s.all.Wait()
}

// guests are how long honest requests took.
type guests struct {
	took   []time.Duration
	faults []string
}

// note adds a request that began at start.
func (v *guests) note(what string, start time.Time, err error) {
	took := time.Since(start)
	v.took = append(v.took, took)
	if err != nil {
		v.faults = append(v.faults, fmt.Sprintf("%s after %v: %v", what, took, err))
	}
}

// at is what so large a share of the requests took at most.
func (v *guests) at(share float64) time.Duration {
	slices.Sort(v.took)
	return v.took[int(share*float64(len(v.took)-1))].Round(100 * time.Microsecond)
}

// callOn sends a GET on a connection of its own every few milliseconds, and one on a connection that is kept, for so long.
func callOn(address string, span time.Duration) *guests {
	v := &guests{}
	kept := &keptConn{address: address}
	defer kept.close()
	for end := time.Now().Add(span); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		start := time.Now()
		v.note("a GET of its own", start, oneRequest(address))
		start = time.Now()
		err := kept.request()
		if err != nil { // it may have been closed between two requests
			err = kept.request()
		}
		v.note("a GET on a kept connection", start, err)
	}
	return v
}

// keptConn is a connection that is opened when it is needed.
type keptConn struct {
	address string
	c       net.Conn
}

func (k *keptConn) close() {
	if k.c != nil {
		k.c.Close()
		k.c = nil
	}
}

// request sends a GET and reads the answer.
func (k *keptConn) request() (err error) {
	defer func() {
		if err != nil {
			k.close()
		}
	}()
	if k.c == nil {
		if k.c, err = net.DialTimeout("tcp", k.address, 10*time.Second); err != nil {
			return err
		}
	}
	_ = k.c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(k.c, getRequest); err != nil {
		return err
	}
	got := ""
	for b := make([]byte, 4096); !strings.HasSuffix(got, "\r\n\r\nok"); {
		n, err := k.c.Read(b)
		if got += string(b[:n]); err != nil {
			return fmt.Errorf("after %q: %w", got, err)
		}
	}
	return nil
}

// TestASiegeKeepsNobodyOut has many more clients than there are places use up what there is, by waiting, over and over. Every other
// GET is answered soon all the same. The siege of docs/limits.md, with percore in a container, is e2e/tough's.
func TestASiegeKeepsNobodyOut(t *testing.T) {
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
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			r := newRig(t, func(o *Options) { o.MemoryMax = memory })
			r.workers(worker.address)
			r.onLoop(func(l *loop) { l.room.clientsMax = 128 })
			s := besiege(r.address, clients, pause, a)
			defer s.lift()
			time.Sleep(span / 2) // in which it begins
			v := callOn(r.address, span)
			t.Logf("%d GETs, median %v, 99 %% %v, longest %v; buffers %d KB, clients %d",
				len(v.took), v.at(0.5), v.at(0.99), v.at(1), r.usage()>>10, r.sockets(kindDownstream))
			for _, fault := range v.faults[:min(len(v.faults), 5)] {
				t.Error(fault)
			}
			const most = 5 * time.Second // on a machine that is busy; it was ten and more
			if longest := v.at(1); longest > most {
				t.Errorf("the longest GET took %v, want %v at most", longest, most)
			}
		})
	}
}

package lbproxy

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"percore/lbproxy/balance"
)

// chaosWorker is a slot of the fleet. One after the other it has lives, as a slot has processes.
type chaosWorker struct {
	*chaos
	index       int
	network     string
	address     string // in Go's words
	incarnation uint64
	alone       bool // it may have no more than one request at once
	buffers     int  // bytes that the kernel has for each of its sockets; 0 is the kernel's choice
	life        *life
}

// life is one process: a listener, its connections, and what it is busy with.
type life struct {
	*chaosWorker
	incarnation uint64
	listener    net.Listener
	served      sync.WaitGroup

	mu    sync.Mutex // guards what follows
	over  bool
	conns map[net.Conn]bool
	tasks map[*task]bool
}

// task is a request that a worker has and has not answered to the end.
type task struct {
	*order
	c       net.Conn
	rng     *rand.Rand
	kept    bool // not the connection's first
	unread  bool // there is more of its body to come
	rival   int  // a request that came meanwhile, while this one's connection was there; 0 is none
	matched matcher
	request stubRequest
}

func newChaosWorker(ch *chaos, index int) *chaosWorker {
	w := &chaosWorker{chaos: ch, index: index, network: "tcp", address: "127.0.0.1:0", alone: ch.options.Services[0].WorkerConcurrency == 1}
	if ch.rng.IntN(3) == 0 {
		w.network, w.address = "unix", fmt.Sprintf("%s/w%d", ch.folder, index)
	}
	if ch.rng.IntN(2) == 0 {
		w.buffers = 4 << 10 << ch.rng.IntN(4)
	}
	w.begin()
	return w
}

// endpoint is how the front door is told of it.
func (w *chaosWorker) endpoint(state balance.State) balance.Endpoint {
	e := balance.Endpoint{
		Index: w.index, Name: fmt.Sprint("worker-", w.index), Address: w.address, Incarnation: w.incarnation,
		State: state, Coming: state != balance.Up, Proven: true,
	}
	if w.killed {
		e.Killed = w.incarnation - 1
	}
	if w.network == "unix" {
		e.Address = "unix:" + w.address
	}
	return e
}

// begin starts the next life at the same address.
func (w *chaosWorker) begin() {
	config := net.ListenConfig{Control: smallBuffers(w.buffers)}
	listener, err := config.Listen(context.Background(), w.network, w.address)
	if err != nil {
		w.fault("worker %d: %v", w.index, err)
		return
	}
	if w.network == "tcp" {
		w.address = listener.Addr().String()
	}
	w.incarnation++
	w.life = &life{chaosWorker: w, incarnation: w.incarnation, listener: listener, conns: map[net.Conn]bool{}, tasks: map[*task]bool{}}
	w.life.served.Add(1)
	go w.life.accept()
}

// smallBuffers lets the kernel take no more than that many bytes each way for a socket. It is set before there is a
// connection: a window that shrinks later has TCP wait for a timer with each segment.
func smallBuffers(size int) func(network, address string, raw syscall.RawConn) error {
	return func(_, _ string, raw syscall.RawConn) error {
		if size == 0 {
			return nil
		}
		return raw.Control(func(fd uintptr) {
			_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, size)
			_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_SNDBUF, size)
		})
	}
}

// die ends the life: the listener and all connections, by FIN or by RST.
func (l *life) die(reset bool) {
	l.listener.Close()
	l.mu.Lock()
	l.over = true
	for c := range l.conns {
		l.close(c, reset)
	}
	l.mu.Unlock()
	l.served.Wait()
}

func (l *life) accept() {
	defer l.served.Done()
	for {
		c, err := l.listener.Accept()
		if err != nil {
			return
		}
		l.mu.Lock()
		if l.over {
			c.Close()
		} else {
			l.conns[c] = true
			l.served.Go(func() { l.serve(c) })
		}
		l.mu.Unlock()
	}
}

// close ends a connection. On a unix socket there is no RST but that of bytes that were not read.
func (l *life) close(c net.Conn, reset bool) {
	if tcp, ok := c.(*net.TCPConn); ok && reset {
		_ = tcp.SetLinger(0)
	}
	c.Close()
}

func (l *life) serve(c net.Conn) {
	defer func() {
		c.Close()
		l.mu.Lock()
		delete(l.conns, c)
		for e := range l.tasks {
			if e.c == c {
				delete(l.tasks, e)
			}
		}
		l.mu.Unlock()
	}()
	in := bufio.NewReader(c)
	for kept := false; ; kept = true {
		head := readHead(in)
		if !strings.HasSuffix(head, "\r\n\r\n") {
			return // it was broken off
		}
		o, before := l.see(head, sight{l.index, l.incarnation, kept})
		if o == nil {
			return
		}
		e := &task{order: o, c: c, kept: kept, rng: l.dice(uint64(o.id)*8 + uint64(before)), matched: matcher{want: o.body()}}
		e.request = stubRequest{in: in, head: head}
		e.unread = o.size > 0 || o.chunked
		l.start(e)
		if !l.treat(e) {
			return
		}
	}
}

// start notes a task, and which others of a worker that may have one at once are still under way. One that is not
// waited for any more does not count, nor does one with a body that has not been read: behind that we cannot see the
// end of its connection.
func (l *life) start(e *task) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for other := range l.tasks {
		if l.alone && !e.unread && !other.unread && !isGone(other.c) && !isGone(e.c) {
			other.rival = e.id
		}
	}
	l.tasks[e] = true
}

// finish ends a task, before the last byte of its response is out. If there was another one meanwhile, and the
// front door still waits for this one's response, they were with the worker at the same time.
func (l *life) finish(e *task) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.tasks[e] && e.rival != 0 && !isGoneSoon(e.c) {
		l.fault("worker %d has %d and %d at once, and may have one", l.index, e.id, e.rival)
	}
	delete(l.tasks, e)
}

// wantIdle looks for tasks that the front door, which says that it has no request with this worker, still waits for.
func (l *life) wantIdle() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for e := range l.tasks {
		if !e.unread && !isGoneSoon(e.c) {
			l.fault("worker %d is said to be drained, and has %s %d", l.index, e.method, e.id)
		}
	}
}

// isGoneSoon gives the kernel of a busy machine the time to deliver a FIN.
func isGoneSoon(c net.Conn) bool {
	for range 50 {
		if isGone(c) {
			return true
		}
		time.Sleep(time.Millisecond)
	}
	return false
}

// isGone reports whether the other end of c has closed it.
func isGone(c net.Conn) (gone bool) {
	raw, err := c.(syscall.Conn).SyscallConn()
	if err != nil {
		return true
	}
	err = raw.Control(func(fd uintptr) {
		p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}}
		_, _ = unix.Poll(p, 0)
		gone = p[0].Revents != 0
	})
	return gone || err != nil
}

// readBody reads the rest of a request's body. It reports whether all of it has come.
func (l *life) readBody(e *task) bool {
	if !e.unread {
		return true
	}
	_, err := e.request.copyBody(&e.matched)
	broken := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrDeadlineExceeded)
	switch {
	case e.matched.fault != "":
		l.fault("worker %d: body of %s %d: %s", l.index, e.method, e.id, e.matched.fault)
	case err != nil && !broken:
		l.fault("worker %d: body of %s %d: %v after %d bytes", l.index, e.method, e.id, err, e.matched.at)
	case err == nil && !e.matched.isWhole():
		l.fault("worker %d: body of %s %d: ends after %d bytes of %d", l.index, e.method, e.id, e.matched.at, e.size)
	case err == nil:
		l.mu.Lock()
		e.unread = false
		l.mu.Unlock()
		return true
	}
	return false
}

// treat is what a worker does with a request. It reports whether the connection goes on.
func (l *life) treat(e *task) bool {
	if l.chaos.manners == mannersGood {
		return l.readBody(e) && l.answer(e, wellBehaved)
	}
	if e.upgrade && e.rng.IntN(4) > 0 {
		return l.echo(e)
	}
	switch e.rng.IntN(24) {
	case 0, 1, 2: // early, and it goes on reading
		return l.answer(e, wellBehaved) && nap(e.rng, 20) && l.readBody(e)
	case 3: // early, after a part of the body, and it goes on reading later
		nap(e.rng, 20)
		return l.answer(e, wellBehaved) && nap(e.rng, 200) && l.readBody(e)
	case 4: // early, and it reads no more
		l.answer(e, wellBehaved)
		nap(e.rng, 200)
		l.close(e.c, e.rng.IntN(2) == 0)
		return false
	case 5: // early, and it closes at once
		l.answer(e, wellBehaved)
		l.close(e.c, e.rng.IntN(2) == 0)
		return false
	case 6, 7: // its last moment has come
		l.finish(e)
		l.close(e.c, e.rng.IntN(2) == 0)
		return false
	case 8: // the same, where the front door may take it for a connection that was idle too long
		if e.kept {
			l.finish(e)
			l.close(e.c, false)
			return false
		}
	case 9: // it hangs
		return l.readBody(e) && l.hang(e)
	case 10: // it takes nothing for a while
		nap(e.rng, 100)
	case 11:
		return l.readBody(e) && l.answer(e, brokenOff)
	case 12:
		return l.readBody(e) && l.answer(e, surplus)
	case 13:
		return l.readBody(e) && l.answer(e, garbled)
	case 14:
		return l.answer(e, brokenOff)
	}
	return l.readBody(e) && l.answer(e, wellBehaved)
}

// hang says nothing until the front door gives up.
func (l *life) hang(e *task) bool {
	if l.patient {
		l.finish(e)
		l.close(e.c, true)
		return false
	}
	_ = e.c.SetReadDeadline(time.Now().Add(chaosPatience))
	if _, err := e.request.in.Peek(1); errors.Is(err, os.ErrDeadlineExceeded) {
		l.fault("worker %d: the front door waits for the answer to %d for ever", l.index, e.id)
	}
	l.finish(e)
	l.close(e.c, true) // more of the request may have come, and a FIN would end a response that ends with the connection
	return false
}

// echo agrees to another protocol, in which it says what it hears.
func (l *life) echo(e *task) bool {
	l.finish(e)
	if _, err := io.WriteString(e.c, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"); err != nil {
		return false
	}
	buf := make([]byte, 1+e.rng.IntN(8<<10))
	for {
		n, err := e.request.in.Read(buf)
		if err != nil {
			return false
		}
		if _, err := e.c.Write(buf[:n]); err != nil {
			return false
		}
		nap(e.rng, 1)
	}
}

// nap passes up to so many milliseconds, most often none.
func nap(rng *rand.Rand, millis int) bool {
	if rng.IntN(2) == 0 {
		time.Sleep(time.Duration(rng.IntN(millis*1000)) * time.Microsecond)
	}
	return true
}

func TestChaosBytesAreTheirOwnAtEveryPlace(t *testing.T) {
	t.Parallel()
	m := matcher{want: chaosBytes(12, '.', 40)}
	_, _ = m.Write([]byte("0000012.0000000\n0000012.0"))
	_, _ = m.Write([]byte("000001\n0000012."))
	if m.fault != "" || !m.isWhole() {
		t.Errorf("own bytes: got fault %q and %d bytes, want none and 40", m.fault, m.at)
	}
	for _, wrong := range []string{"0000012.0000001", "0000013.", strings.Repeat("0000012.0000000\n", 3)} {
		m = matcher{want: chaosBytes(12, '.', 40)}
		if _, _ = m.Write([]byte(wrong)); m.fault == "" {
			t.Errorf("%q: got no fault, want one", wrong)
		}
	}
}

package peers

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"time"
)

// actor plays one peer.
type actor struct {
	*show
	peer     *peer
	listener *net.TCPListener // worker
	worker   int              // its number
	conn     *net.TCPConn
	in       *bufio.Reader
	head     head
}

// act does step after step, until one fails. A client is connected from the start.
func (a *actor) act() {
	defer func() { a.leave() }()
	if !a.peer.worker {
		if err := a.connect(nil); err != nil {
			a.fail(&Error{Peer: a.peer.name, Err: err})
			return
		}
	}
	for i := range a.peer.steps {
		s := &a.peer.steps[i]
		if err := verbs[s.verb].do(a, s); err != nil {
			a.fail(&Error{Line: s.line, Peer: a.peer.name, Err: err})
			return
		}
	}
}

// leave closes what the peer has left open.
func (a *actor) leave() {
	if a.conn != nil {
		_ = a.conn.Close()
	}
}

func (a *actor) deadline() time.Time {
	d, _ := a.ctx.Deadline()
	return d
}

func (a *actor) connect(*step) error {
	a.leave()
	dialer := net.Dialer{Control: buffers(a.peer.buffers)}
	c, err := dialer.DialContext(a.ctx, "tcp", a.how.Front)
	if err != nil {
		return err
	}
	return a.take(c.(*net.TCPConn))
}

func (a *actor) accept(*step) error {
	a.leave()
	if err := a.listener.SetDeadline(a.deadline()); err != nil {
		return err
	}
	c, err := a.listener.AcceptTCP()
	if err != nil {
		return err
	}
	return a.take(c)
}

// take makes c the peer's connection, unless the show is over.
func (a *actor) take(c *net.TCPConn) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.err != nil {
		_ = c.Close()
		return a.err
	}
	a.conn, a.in = c, bufio.NewReaderSize(c, 64<<10)
	return c.SetDeadline(a.deadline())
}

// hangUp wakes a peer that waits for something that will not come any more.
func (a *actor) hangUp() {
	if a.conn != nil {
		_ = a.conn.SetDeadline(longAgo)
	}
	if a.listener != nil {
		_ = a.listener.SetDeadline(longAgo)
	}
}

var longAgo = time.Unix(1, 0)

func (a *actor) up(*step) error {
	a.how.Up(a.worker)
	return nil
}

// moment is how long "nothing" has to last, after the front door has settled.
const moment = 10 * time.Millisecond

func (a *actor) noConnection(*step) error {
	a.how.Settle()
	if err := a.listener.SetDeadline(time.Now().Add(moment)); err != nil {
		return err
	}
	c, err := a.listener.AcceptTCP()
	if err == nil {
		_ = c.Close()
		return errors.New("got a connection, want none")
	}
	return nil
}

// send writes a statement's bytes, in pieces when the staging says so, each of which the front door sees alone.
func (a *actor) send(s *step) error {
	for sent := 0; sent < len(s.bytes); {
		n := len(s.bytes) - sent
		if a.how.Pieces != nil && s.offset >= 0 {
			n = a.how.Pieces(s.offset+sent, n)
		}
		if _, err := a.conn.Write(s.bytes[sent : sent+n]); err != nil {
			return fmt.Errorf("sent %d of %d bytes: %w", sent, len(s.bytes), err)
		}
		if sent += n; sent < len(s.bytes) {
			a.how.Settle()
		}
	}
	return nil
}

func (a *actor) finish(*step) error { return a.conn.CloseWrite() }

func (a *actor) close(*step) error { return a.conn.Close() }

func (a *actor) reset(*step) error {
	return errors.Join(a.conn.SetLinger(0), a.conn.Close())
}

func (a *actor) settle(*step) error {
	a.how.Settle()
	return nil
}

func (a *actor) pass(s *step) error {
	d, err := time.ParseDuration(s.word)
	if err != nil {
		return err
	}
	select {
	case <-time.After(d):
		return nil
	case <-a.ctx.Done():
		return fmt.Errorf("no time left for %v", d)
	}
}

func (a *actor) signal(s *step) error {
	close(a.channel(s.word))
	return nil
}

func (a *actor) wait(s *step) error {
	select {
	case <-a.channel(s.word):
		return nil
	case <-a.ctx.Done():
		return fmt.Errorf("no peer signalled %s", s.word)
	}
}

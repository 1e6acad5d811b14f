package demo

import (
	"context"
	"errors"
	"io"
	"net"
	"time"

	"percore/lbproxy/http1"
)

// bodyBytesMin is the room that is left for reading bodies when a head takes all it may.
const bodyBytesMin = 4 << 10

// limits let pass what the front door does by default, and what it adds.
var limits = http1.Limits{
	HeadBytes: http1.DefaultLimits.HeadBytes + 2<<10, TargetBytes: http1.DefaultLimits.TargetBytes,
	Fields: http1.DefaultLimits.Fields + 20,
}

// lingerBytesMax and lingerTimeout bound what is read after a refusal, so that closing does not reset the answer
// away before the client has read it (RFC 9112 section 9.6).
const (
	lingerBytesMax = 64 << 10
	lingerTimeout  = time.Second
)

// session serves one connection, one request after the other.
type session struct {
	server  *server
	conn    *net.TCPConn
	idle    bool // waiting for a request; guarded by server.mu
	request http1.Request
	buffer  []byte
	held    int // bytes in buffer
	out     []byte
}

func newSession(s *server, conn *net.TCPConn) *session {
	session := &session{server: s, conn: conn, buffer: make([]byte, limits.HeadBytes+bodyBytesMin)}
	s.enter(session)
	return session
}

// run ends when the client closes, asks to, breaks the protocol, or the server stops.
func (s *session) run() {
	defer s.conn.Close()
	defer s.server.leave(s)
	for {
		s.server.await(s)
		head, err := s.readHead()
		if err != nil {
			s.refuse(err)
			return
		}
		s.server.begin(s)
		end, err := s.skipBody(head)
		if err != nil {
			s.refuse(err)
			return
		}
		keep, err := s.answer()
		if err != nil || !keep {
			return
		}
		s.held = copy(s.buffer, s.buffer[end:s.held])
	}
}

// readHead reads until s.request is complete, and returns its length in bytes.
func (s *session) readHead() (int, error) {
	for seen := 0; ; {
		head, err := s.request.Parse(s.buffer[:s.held], seen, limits)
		if head > 0 || err != nil {
			return head, err
		}
		seen = s.held
		n, err := s.conn.Read(s.buffer[s.held:])
		s.held += n
		if n == 0 && err != nil {
			return 0, err
		}
	}
}

// skipBody reads the request's body away, and returns where in the buffer the next request starts. The head stays.
func (s *session) skipBody(head int) (end int, err error) {
	body := body{framing: s.request.Framing, left: s.request.Length}
	end = head
	if s.request.Expect100 && s.held == head {
		if err := s.send([]byte("HTTP/1.1 100 Continue\r\n\r\n")); err != nil {
			return 0, err
		}
	}
	for {
		n, err := body.skip(s.buffer[end:s.held])
		if end += n; err != nil || body.done() {
			return end, err
		}
		n, err = s.conn.Read(s.buffer[head:])
		end, s.held = head, head+n
		if n == 0 && err != nil {
			return 0, err
		}
	}
}

// answer does what the request asks for, and reports whether the connection can take another one.
func (s *session) answer() (keep bool, err error) {
	path, query := splitOrigin(s.request.Origin)
	exit := s.server.options.Exit
	switch {
	case path == "/crash" && exit != nil:
		exit(CrashCode)
		return false, nil // only where exit returns, in a test
	case path == "/slow":
		pause(context.Background(), slowness(query)) // in flight: not cut short by a stop
	}
	keep = s.request.KeepAlive && s.server.keeps()
	s.out = s.appendAnswer(s.out[:0], path, keep)
	return keep, s.send(s.out)
}

// refuse answers a refusal of http1; any other error, such as the end of the connection, has no answer.
func (s *session) refuse(err error) {
	var refusal *http1.Error
	if !errors.As(err, &refusal) {
		return
	}
	s.out = appendHead(s.out[:0], refusal.Status, typeText, len(refusal.Reason)+1, false, 1)
	s.out = append(append(s.out, refusal.Reason...), '\n')
	if s.send(s.out) != nil || s.conn.CloseWrite() != nil {
		return
	}
	_ = s.conn.SetReadDeadline(time.Now().Add(lingerTimeout))
	_, _ = io.Copy(io.Discard, io.LimitReader(s.conn, lingerBytesMax))
}

func (s *session) send(b []byte) error {
	_ = s.conn.SetWriteDeadline(time.Now().Add(sendTimeout))
	_, err := s.conn.Write(b)
	return err
}

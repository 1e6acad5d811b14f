package demo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// idleTimeout is above the front door's and every load balancer's own, so that the client side closes first.
	idleTimeout = 2 * time.Minute
	// bodyTimeout bounds a request's body, and sendTimeout an answer; both are small.
	bodyTimeout = 30 * time.Second
	sendTimeout = 30 * time.Second
	// stopGrace is how long accepting goes on, and how long idle connections are kept, after the stop: what a client
	// sent before it could know is answered, not reset.
	stopGrace = 200 * time.Millisecond
	// acceptPause lets descriptors come free after EMFILE.
	acceptPause = 50 * time.Millisecond
)

// server owns the listener and knows the sessions; each session's goroutine owns its connection.
type server struct {
	options  Options
	listener *net.TCPListener
	requests atomic.Int64

	mu       sync.Mutex // guards what follows, and session.idle
	stopping bool
	sessions map[*session]struct{}
}

// run accepts until ctx ends, and returns when the last session has ended.
func (s *server) run(ctx context.Context) error {
	defer s.listener.Close()
	var sessions sync.WaitGroup
	defer sessions.Wait()
	defer context.AfterFunc(ctx, s.stop)()
	for {
		conn, err := s.listener.AcceptTCP()
		switch {
		case err == nil:
			session := newSession(s, conn)
			sessions.Go(session.run)
		case errors.Is(err, os.ErrDeadlineExceeded):
			return nil // set by stop
		case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
			pause(ctx, acceptPause)
		default:
			s.stop()
			return fmt.Errorf("accept for demo worker %s: %w", s.options.Name, err)
		}
	}
}

// stop makes accepting end soon, and idle sessions too. Busy ones end after their answer.
func (s *server) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopping = true
	deadline := time.Now().Add(stopGrace)
	_ = s.listener.SetDeadline(deadline)
	for session := range s.sessions {
		if session.idle {
			_ = session.conn.SetReadDeadline(deadline)
		}
	}
}

// enter and leave keep the set of sessions that stop has to reach.
func (s *server) enter(session *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions[session] = struct{}{}
}

func (s *server) leave(session *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, session)
}

// await marks session as waiting for a request, and so as one that stop may end.
func (s *server) await(session *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	session.idle = true
	patience := idleTimeout
	if s.stopping {
		patience = stopGrace
	}
	_ = session.conn.SetReadDeadline(time.Now().Add(patience))
}

// begin marks session as serving a request.
func (s *server) begin(session *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	session.idle = false
	_ = session.conn.SetReadDeadline(time.Now().Add(bodyTimeout))
	s.requests.Add(1)
}

// keeps reports whether connections are kept after an answer.
func (s *server) keeps() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.stopping
}

// pause waits for d, or for the end of ctx.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

package control

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// clientsMax bounds the clients at one time. Beyond it one that says or reads nothing has to go, see firstIdle.
	clientsMax = 64
	backlog    = 1024 // connections that PID 1 has not looked at yet; the kernel's own limit may be lower

	dialTimeout    = 2 * time.Second
	requestTimeout = 5 * time.Second  // for the whole request
	frameTimeout   = 10 * time.Second // for a client to take one frame, and to begin to read what is there
	// A descriptor or memory that is short now may be back in a moment; the log has said so once.
	acceptPause = 250 * time.Millisecond
)

// Handler answers a request on the client's goroutine: with frames by reply, which fails when the client is gone,
// and then with the exit code and the error that kept the request from being answered. ctx ends when the client
// leaves or the server closes.
type Handler func(ctx context.Context, r Request, reply Reply) (code int, err error)

// Reply sends a frame; it fails when the client is gone.
type Reply = func(Frame) error

// Server serves clients on a Listener.
type Server struct {
	listener *Listener
	handle   Handler
	log      *slog.Logger
	uid      int
	ctx      context.Context // ended by Close
	stop     context.CancelFunc
	visits   sync.WaitGroup
	refused  refusals      // Run's
	patience time.Duration // frameTimeout

	mu      sync.Mutex // guards clients
	clients []*client  // in the order of their arrival
}

// NewServer makes a server; Run serves. The listener is the server's from now on.
func NewServer(l *Listener, handle Handler, log *slog.Logger) *Server {
	s := &Server{
		listener: l, handle: handle, log: log, uid: os.Getuid(), patience: frameTimeout,
		refused: refusals{log: log, now: time.Now},
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	return s
}

// Run accepts until Close, waits for the goroutines of all clients and returns nil: PID 1 goes on without a control
// socket rather than end for want of one.
func (s *Server) Run() error {
	complained := false
	for {
		conn, err := s.listener.AcceptUnix()
		switch {
		case err == nil:
			s.admit(conn)
			continue
		case errors.Is(err, net.ErrClosed):
			s.visits.Wait()
			return nil
		case !complained:
			complained = true
			s.log.Warn("degraded", "reason", "the control socket takes no client for now", "err", err)
		}
		select {
		case <-s.ctx.Done():
		case <-time.After(acceptPause):
		}
	}
}

// Close ends Run and every conversation. It may be called more than once.
func (s *Server) Close() {
	s.stop()
	_ = s.listener.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.clients {
		_ = c.conn.Close()
	}
}

// admit takes a client in, if it may come in and there is room.
func (s *Server) admit(conn *net.UnixConn) {
	from, err := peerOf(conn)
	if err != nil || !from.trusted(s.uid, s.listener.Place.Abstract()) {
		s.refused.note(from)
		refuse(conn, "permission denied: only root and percore's own user may use the control socket")
		return
	}
	c := &client{conn: conn, patience: s.patience, from: from}
	if !s.seat(c) {
		refuse(conn, fmt.Sprintf("busy: %d commands are under way", clientsMax))
		return
	}
	s.visits.Go(func() {
		c.serve(s)
		s.unseat(c)
	})
}

// refuse says why. A new socket has room for a line, so it does not wait.
func refuse(conn *net.UnixConn, why string) {
	defer conn.Close()
	_ = conn.SetWriteDeadline(time.Now().Add(frameTimeout))
	_ = write(conn, Frame{Done: true, Code: CodeUnreachable, Error: why})
}

// seat makes room for a client: if need be, at the expense of the first of those that are idle.
func (s *Server) seat(c *client) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.clients) >= clientsMax {
		idle := s.firstIdle()
		if idle == nil {
			return false
		}
		idle.evicted = true
		_ = idle.conn.Close()
		s.removeLocked(idle)
	}
	s.clients = append(s.clients, c)
	return true
}

// firstIdle is a client that has said nothing yet, or has not read for frameTimeout what there is to be read.
func (s *Server) firstIdle() *client {
	for _, c := range s.clients {
		if !c.heard || c.unread() && time.Since(time.Unix(0, c.wrote.Load())) > s.patience {
			return c
		}
	}
	return nil
}

func (s *Server) unseat(c *client) {
	_ = c.conn.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.removeLocked(c)
}

func (s *Server) removeLocked(c *client) {
	for i, other := range s.clients {
		if other == c {
			s.clients = append(s.clients[:i], s.clients[i+1:]...)
			return
		}
	}
}

// client is one conversation.
type client struct {
	conn     *net.UnixConn
	patience time.Duration
	from     peer
	heard    bool         // it has made its request; guarded by the server's mu
	evicted  bool         // likewise
	wrote    atomic.Int64 // when the latest frame was sent, in nanoseconds since 1970
}

// serve takes the request, answers it and says how it went.
func (c *client) serve(s *Server) {
	_ = c.conn.SetReadDeadline(time.Now().Add(requestTimeout))
	in := bufio.NewReader(c.conn)
	var request Request
	err := read(in, requestBytesMax, &request)
	if err == nil {
		err = request.check()
	}
	if err != nil {
		_ = c.reply(Frame{Done: true, Code: CodeInvalid, Error: err.Error()})
		return
	}
	s.mu.Lock()
	c.heard = true
	gone := c.evicted
	s.mu.Unlock()
	if gone {
		return
	}
	s.note(request, c.from)
	ctx, leave := context.WithCancel(s.ctx)
	defer leave()
	_ = c.conn.SetReadDeadline(time.Time{})
	s.visits.Go(func() { c.watch(in, leave) })
	code, err := s.handle(ctx, request, c.reply)
	last := Frame{Done: true, Code: code}
	if err != nil {
		last.Error = err.Error()
	}
	_ = c.reply(last)
}

// check says what keeps a request from being answered by this version.
func (r Request) check() error {
	switch {
	case r.Version != Version:
		return fmt.Errorf("percore speaks version %d of the control protocol and this client version %d: "+
			"run the client of the same binary", Version, r.Version)
	case len(r.Names) > namesMax:
		return fmt.Errorf("the request has %d names, at most %d are taken", len(r.Names), namesMax)
	default:
		return nil
	}
}

// watch ends the conversation when the client leaves, or talks on: one request is all that it has.
func (c *client) watch(in *bufio.Reader, leave context.CancelFunc) {
	_, _ = in.ReadByte()
	leave()
}

// reply sends one frame. A client that does not take it in time is gone, and so is its command: not each frame that
// is left waits for it.
func (c *client) reply(f Frame) error {
	_ = c.conn.SetWriteDeadline(time.Now().Add(c.patience))
	err := write(c.conn, f)
	if err != nil {
		_ = c.conn.Close() // which watch hears of
	}
	c.wrote.Store(time.Now().UnixNano())
	return err
}

// unread reports whether the client has something to read (man 7 unix, SIOCOUTQ).
func (c *client) unread() bool {
	raw, err := c.conn.SyscallConn()
	if err != nil {
		return false
	}
	bytes := 0
	err = raw.Control(func(fd uintptr) { bytes, _ = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ) })
	return err == nil && bytes > 0
}

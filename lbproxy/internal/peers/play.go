package peers

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Stage is a case that is ready to be played: its workers listen.
type Stage struct {
	kase      *Case
	listeners []net.Listener
}

// Staging is where and how a case is played.
type Staging struct {
	Front  string                  // the front door's address
	Up     func(worker int)        // makes one of the workers ready that was not
	Settle func()                  // returns when the front door has handled what had arrived
	Pieces func(offset, n int) int // how many of the n bytes to send at once, when offset of the case's bytes come before; nil sends all
	Limit  time.Duration           // how long the whole may take
}

// Set opens the workers' listening sockets on free ports of 127.0.0.1.
func (c *Case) Set() (*Stage, error) {
	s := &Stage{kase: c}
	for _, p := range c.peers {
		if !p.worker {
			continue
		}
		config := net.ListenConfig{Control: buffers(p.buffers)}
		l, err := config.Listen(context.Background(), "tcp", "127.0.0.1:0")
		if err != nil {
			s.Close()
			return nil, fmt.Errorf("listen as %s: %w", p.name, err)
		}
		s.listeners = append(s.listeners, l)
	}
	return s, nil
}

// buffers sets the sizes of a socket's buffers before it is connected, so that the window says so from the start.
func buffers(size int) func(string, string, syscall.RawConn) error {
	return func(_, _ string, raw syscall.RawConn) (err error) {
		if size == 0 {
			return nil
		}
		controlErr := raw.Control(func(fd uintptr) {
			err = errors.Join(unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, size),
				unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_SNDBUF, size))
		})
		return errors.Join(controlErr, err)
	}
}

// Addresses are those of the workers, in order.
func (s *Stage) Addresses() []string {
	var list []string
	for _, l := range s.listeners {
		list = append(list, l.Addr().String())
	}
	return list
}

// Down tells for each worker whether it starts out as not ready.
func (s *Stage) Down() (list []bool) {
	for _, p := range s.kase.peers {
		if p.worker {
			list = append(list, p.down)
		}
	}
	return list
}

// Close closes the workers' listening sockets.
func (s *Stage) Close() {
	for _, l := range s.listeners {
		_ = l.Close()
	}
}

// Play lets all peers act and returns the first error, which is an *[Error]. Every connection is closed then.
func (s *Stage) Play(how Staging) error {
	ctx, cancel := context.WithTimeoutCause(context.Background(), how.Limit, fmt.Errorf("the case takes longer than %v", how.Limit))
	defer cancel()
	show := &show{ctx: ctx, cancel: cancel, how: how, signals: map[string]chan struct{}{}}
	for _, p := range s.kase.peers {
		a := &actor{show: show, peer: p}
		if p.worker {
			a.listener = s.listeners[show.workers].(*net.TCPListener)
			a.worker = show.workers
			show.workers++
		}
		show.actors = append(show.actors, a)
	}
	var peers sync.WaitGroup
	for _, a := range show.actors {
		peers.Go(a.act)
	}
	peers.Wait()
	return show.err
}

// show is one performance of a case.
type show struct {
	ctx     context.Context
	cancel  context.CancelFunc
	how     Staging
	actors  []*actor
	workers int

	mu      sync.Mutex // guards err, signals and the actors' connections
	err     error
	signals map[string]chan struct{}
}

// fail keeps the first error and ends the show for all peers.
func (s *show) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return
	}
	s.err = err
	s.cancel()
	for _, a := range s.actors {
		a.hangUp()
	}
}

// channel returns the one of a signal.
func (s *show) channel(name string) chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.signals[name]
	if c == nil {
		c = make(chan struct{})
		s.signals[name] = c
	}
	return c
}

// Package flood is a crowd of clients that connect as fast as they can, with one request on each connection, and count exactly
// what became of each connection. It is for the moment in which a listener closes: what counts is whether a connection that
// was complete from its client's view got its answer.
//
// It stands on bare system calls, because the ways to fail must be told apart, and because its sockets may have to come from
// another network namespace.
package flood

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Options say whom to flood.
type Options struct {
	Address netip.AddrPort
	Clients int                    // 64 if 0
	Connect time.Duration          // how long a client waits for its connection before it gives up; 40 ms if 0
	Socket  func(int) (int, error) // opens a TCP socket of a family; the caller's own namespace if nil
}

// Result counts connections.
type Result struct {
	Answered int64 // and ended properly
	Lost     int64 // complete from the client's view, then reset or ended without an answer
	Refused  int64 // by a reset in place of a SYN-ACK
	Ignored  int64 // no answer to the SYN in time
	Failed   int64 // whatever else, which means that this machine cannot flood
	First    error // of those that were lost or failed
}

// String is the counts in words, with the first error.
func (r Result) String() string {
	return fmt.Sprintf("%d answered, %d lost, %d refused, %d ignored, %d failed (%v)", r.Answered, r.Lost, r.Refused, r.Ignored, r.Failed, r.First)
}

// Run is a flood that is under way.
type Run struct {
	options Options
	clients sync.WaitGroup
	over    atomic.Bool
	answers atomic.Int64
	refused atomic.Int64

	mu     sync.Mutex // guards result
	result Result
}

// Start opens the flood. It goes on until Stop.
func Start(o Options) *Run {
	if o.Clients == 0 {
		o.Clients = 64
	}
	if o.Connect == 0 {
		o.Connect = 40 * time.Millisecond
	}
	if o.Socket == nil {
		o.Socket = Socket
	}
	r := &Run{options: o}
	for range o.Clients {
		r.clients.Go(func() {
			for !r.over.Load() {
				r.note(r.once())
			}
		})
	}
	return r
}

// Socket opens a TCP socket of a family in the caller's network namespace.
func Socket(family int) (int, error) {
	return unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
}

// Answered is how many connections got their answer so far.
func (r *Run) Answered() int64 { return r.answers.Load() }

// Refused is how many were refused so far: a flood that lasts to the end of a listener has some.
func (r *Run) Refused() int64 { return r.refused.Load() }

// Stop ends the flood and returns what came of it.
func (r *Run) Stop() Result {
	r.over.Store(true)
	r.clients.Wait()
	return r.result
}

// The ways in which a connection ends; nil is an answer.
var (
	errRefused = errors.New("refused")
	errIgnored = errors.New("ignored")
	errLost    = errors.New("lost")
)

func (r *Run) note(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case err == nil:
		r.result.Answered++
		r.answers.Add(1)
		return
	case errors.Is(err, errRefused):
		r.result.Refused++
		r.refused.Add(1)
		return
	case errors.Is(err, errIgnored):
		r.result.Ignored++
		return
	case errors.Is(err, errLost):
		r.result.Lost++
	default:
		r.result.Failed++
	}
	if r.result.First == nil {
		r.result.First = err
	}
}

// answerPatience is how long a connected client waits for its answer.
const answerPatience = 60 * time.Second

// once connects, asks and reads to the end.
func (r *Run) once() error {
	fd, err := r.connect()
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	wait := unix.NsecToTimeval(answerPatience.Nanoseconds())
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &wait); err != nil {
		return err
	}
	request := []byte("GET / HTTP/1.1\r\nHost: flood\r\nConnection: close\r\n\r\n")
	if _, err := unix.SendmsgN(fd, request, nil, nil, unix.MSG_NOSIGNAL); err != nil {
		return fmt.Errorf("%w: send: %w", errLost, err)
	}
	var answer []byte
	buffer := make([]byte, 4096)
	for {
		n, err := unix.Read(fd, buffer)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return fmt.Errorf("%w: read: %w", errLost, err)
		}
		if n == 0 {
			break
		}
		answer = append(answer, buffer[:n]...)
	}
	if !bytes.HasPrefix(answer, []byte("HTTP/1.1 200 ")) {
		return fmt.Errorf("%w: got %q", errLost, answer)
	}
	return nil
}

func (r *Run) connect() (int, error) {
	family, address := unix.AF_INET6, unix.Sockaddr(nil)
	if ip := r.options.Address.Addr(); ip.Is4() {
		family, address = unix.AF_INET, &unix.SockaddrInet4{Port: int(r.options.Address.Port()), Addr: ip.As4()}
	} else {
		address = &unix.SockaddrInet6{Port: int(r.options.Address.Port()), Addr: ip.As16()}
	}
	fd, err := r.options.Socket(family)
	if err != nil {
		return -1, err
	}
	wait := unix.NsecToTimeval(r.options.Connect.Nanoseconds())
	if err = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &wait); err == nil { // connect goes by it: man 7 socket
		err = unix.Connect(fd, address)
	}
	if err == nil {
		return fd, nil
	}
	unix.Close(fd)
	switch {
	case errors.Is(err, unix.ECONNREFUSED):
		return -1, errRefused
	case errors.Is(err, unix.EINPROGRESS), errors.Is(err, unix.ETIMEDOUT), errors.Is(err, unix.EINTR), errors.Is(err, unix.EALREADY):
		return -1, errIgnored
	case errors.Is(err, unix.EADDRNOTAVAIL):
		time.Sleep(time.Millisecond) // all ports are in TIME_WAIT
		return -1, errIgnored
	}
	return -1, fmt.Errorf("connect: %w", err)
}

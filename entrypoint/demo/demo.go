// Package demo is the worker that comes with the binary: a small HTTP/1.1 server that says which worker, process and
// CPU answered. It shows a fleet at work where no other program is at hand, and gives tests a worker whose
// slowness and death they can order:
//
//	/            what answered, as text or, when the client accepts it, as HTML
//	/json        the same as JSON
//	/slow?ms=N   the same after N milliseconds, at most 10000
//	/crash       the process ends at once with code 3, without an answer
//
// It is a worker like any other: it knows nothing of the rest of percore and reads its own bytes with http1.
package demo

import (
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
)

// CrashCode is the exit code that /crash ends the process with.
const CrashCode = 3

// Options are the worker's name and place.
type Options struct {
	Port  int            // on 127.0.0.1; 0 takes a free one
	Name  string         // as shown, for example tornado-8000
	Index int            // of the worker in its fleet, from 0
	Log   io.Writer      // gets a line at the start and at the end; nil for none
	Exit  func(code int) // ends the process for /crash, main's os.Exit; nil makes /crash a page like any other
}

// Serve answers requests on 127.0.0.1 until ctx ends; then it finishes those in flight, closes idle connections
// and returns nil. The error is the one of listening or accepting.
func Serve(ctx context.Context, o Options) error {
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(o.Port))
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp4", address)
	if err != nil {
		return fmt.Errorf("listen for demo worker %s: %w", o.Name, err)
	}
	return ServeOn(ctx, listener.(*net.TCPListener), o) // "tcp4" gives no other type
}

// ServeOn is Serve on a listener that is open already. It closes listener.
func ServeOn(ctx context.Context, listener *net.TCPListener, o Options) error {
	if o.Log == nil {
		o.Log = io.Discard
	}
	s := &server{options: o, listener: listener, sessions: map[*session]struct{}{}}
	fmt.Fprintf(o.Log, "demo worker %s listens on %s\n", o.Name, listener.Addr())
	err := s.run(ctx)
	fmt.Fprintf(o.Log, "demo worker %s ended after %d requests\n", o.Name, s.requests.Load())
	return err
}

package load

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
)

// Kind is how a request ended.
type Kind int

// The ways to end. All but OK and Abandoned are failures.
const (
	OK           Kind = iota
	WrongStatus       // a whole answer with another status; Result.Statuses tells which
	WrongBody         // the right status, and a body that Options.Check refuses
	Malformed         // an answer that is not HTTP
	Surplus           // bytes that nobody asked for, behind an answer
	Refused           // the connection was refused (ECONNREFUSED)
	NoConnection      // it could not be made for another reason, such as no answer to the handshake in time
	Reset             // a connection was reset (ECONNRESET, EPIPE)
	NoAnswer          // the connection was closed properly before the first byte of an answer
	Truncated         // the connection was closed properly in the middle of an answer
	TimedOut          // Options.Timeout passed while the answer was awaited
	Broken            // any other error of the connection
	Abandoned         // the load was stopped while the connection was being made
	kinds
)

var kindNames = [kinds]string{
	"ok", "wrong status", "wrong body", "malformed answer", "surplus bytes", "refused", "no connection", "reset",
	"closed before the answer", "closed in the middle of the answer", "timed out", "broken", "abandoned",
}

// String is the kind in words, as a failure message has it.
func (k Kind) String() string { return kindNames[k] }

// dialKind says why no connection was made.
func dialKind(err error) Kind {
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return Refused
	case errors.Is(err, syscall.ECONNRESET):
		return Reset
	case errors.Is(err, context.Canceled):
		return Abandoned
	}
	return NoConnection
}

// readKind says how an answer failed, of which something had arrived or nothing.
func readKind(err error, begun bool) Kind {
	var network net.Error
	switch {
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return Reset
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return TimedOut
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		if begun {
			return Truncated
		}
		return NoAnswer
	case errors.As(err, &network):
		return Broken
	}
	return Malformed
}

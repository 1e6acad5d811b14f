// Package proxyproto reads the header of the PROXY protocol, versions 1 and 2, by which a balancer that passes
// connections on unread says which clients made them (haproxy.org, doc/proxy-protocol.txt).
//
// It does no I/O: bytes go in, out comes how many of them are the header, that more are needed, or an error. A header
// gives the same result however its bytes were cut up on arrival.
package proxyproto

import (
	"errors"
	"net/netip"
)

// Header is what a balancer says about a connection.
type Header struct {
	// Known is false where the connection is the balancer's own (LOCAL, a health check) or of a kind that the balancer
	// has no name for (UNKNOWN and all but TCP over IP): then the addresses are those of the connection itself.
	Known       bool
	Source      netip.AddrPort // the client that connected to the balancer
	Destination netip.AddrPort // where to
}

// The errors of Parse. The specification wants the connection dropped after each of them.
var (
	ErrNotProxy   = errors.New("no PROXY header")
	ErrLine       = errors.New("malformed PROXY line")
	ErrLineLong   = errors.New("PROXY line longer than 107 bytes")
	ErrVersion    = errors.New("PROXY header of an unknown version or command")
	ErrLength     = errors.New("PROXY header whose length does not fit its parts")
	ErrTooLarge   = errors.New("PROXY header larger than 16 KiB")
	ErrChecksum   = errors.New("PROXY header with a wrong checksum")
	errIncomplete = errors.New("incomplete") // never leaves the package
)

// Parse reads a header from the start of b and returns its length n in bytes; or 0 and no error when b holds only a
// part of it, which n > 0 tells from a complete one. The result has no reference to b.
func Parse(b []byte) (h Header, n int, err error) {
	if len(b) == 0 {
		return Header{}, 0, nil
	}
	if b[0] == signature[0] {
		h, n, err = parseBinary(b)
	} else {
		h, n, err = parseLine(b)
	}
	if err == errIncomplete {
		return Header{}, 0, nil
	}
	return h, n, err
}

// startsLike reports whether b agrees with prefix as far as both go.
func startsLike(b []byte, prefix string) bool {
	n := min(len(b), len(prefix))
	return string(b[:n]) == prefix[:n]
}

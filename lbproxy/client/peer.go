// Package client says who asks: which peer a connection comes from, whether its word counts, and whom it speaks for.
// It knows neither a connection nor a request beyond its fields, and keeps nothing of what it is given.
//
// Begin with [Peer]. [Trust] decides whose X-Forwarded-* and PROXY header are believed. [Identify] puts together who
// asks, and [Identity.AppendTo] tells a worker; [Passes] keeps from it what a client only claims.
package client

import (
	"encoding/binary"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// unixName stands for a unix peer, which has no address, as in nginx's $remote_addr.
const unixName = "unix:"

// Peer is the other end of a client's connection, or the client for which a trusted one speaks. It has no pointers, so
// that a table of connections with their peers is nothing to the garbage collector.
type Peer struct {
	address [16]byte // IPv4 in its mapped form; all zero for a unix socket, which has no address
	port    uint16
	family  uint8 // unix.AF_INET, AF_INET6 or AF_UNIX
}

// mappedPrefix is what an IPv4 address has in front in its IPv6-mapped form; RFC 4291 section 2.5.5.2.
var mappedPrefix = [12]byte{10: 0xff, 11: 0xff}

// FromAccept reads the address that accept reported. A unix peer has no address and no port.
func FromAccept(from *unix.RawSockaddrAny) Peer {
	switch from.Addr.Family {
	case unix.AF_INET:
		in := (*unix.RawSockaddrInet4)(unsafe.Pointer(from))
		p := Peer{family: unix.AF_INET, port: getPort(&in.Port)}
		copy(p.address[:], mappedPrefix[:])
		copy(p.address[12:], in.Addr[:])
		return p
	case unix.AF_INET6:
		in := (*unix.RawSockaddrInet6)(unsafe.Pointer(from))
		return Peer{family: unix.AF_INET6, port: getPort(&in.Port), address: in.Addr}
	default:
		return Peer{family: unix.AF_UNIX}
	}
}

// FromAddrPort is the peer with an address that is known otherwise. An IPv4 address may come in its mapped form.
func FromAddrPort(from netip.AddrPort) Peer {
	p := Peer{family: unix.AF_INET6, port: from.Port(), address: from.Addr().As16()}
	if from.Addr().Unmap().Is4() {
		p.family = unix.AF_INET
	}
	return p
}

func getPort(field *uint16) uint16 {
	return binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(field))[:])
}

// AppendAddress writes the address as text: IPv4 also when it came in its mapped form, `unix:` for a unix peer.
func (p *Peer) AppendAddress(dst []byte) []byte {
	if p.family == unix.AF_UNIX {
		return append(dst, unixName...)
	}
	return netip.AddrFrom16(p.address).Unmap().AppendTo(dst)
}

// HasAddress reports whether the peer has an address: a unix peer has none.
func (p *Peer) HasAddress() bool { return p.family != unix.AF_UNIX }

// Address is the address in 16 bytes, IPv4 in its mapped form; all zero for a unix peer.
func (p *Peer) Address() [16]byte { return p.address }

package lbproxy

import (
	"encoding/binary"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"

	"percore/lbproxy/socket"
)

// peer is who is at the other end of a client's connection, or whom a trusted one speaks for. It has no pointers, as conn
// has none.
type peer struct {
	address [16]byte // IPv4 in its mapped form; all zero for a unix socket, which has no address
	port    uint16
	family  uint8 // unix.AF_INET, AF_INET6 or AF_UNIX
}

// mappedPrefix is what an IPv4 address has in front in its IPv6-mapped form; RFC 4291 section 2.5.5.2.
var mappedPrefix = [12]byte{10: 0xff, 11: 0xff}

// decodePeer reads what accept reported. A unix peer has no address and no port.
func decodePeer(from *unix.RawSockaddrAny) peer {
	switch from.Addr.Family {
	case unix.AF_INET:
		in := (*unix.RawSockaddrInet4)(unsafe.Pointer(from))
		p := peer{family: unix.AF_INET, port: getPort(&in.Port)}
		copy(p.address[:], mappedPrefix[:])
		copy(p.address[12:], in.Addr[:])
		return p
	case unix.AF_INET6:
		in := (*unix.RawSockaddrInet6)(unsafe.Pointer(from))
		return peer{family: unix.AF_INET6, port: getPort(&in.Port), address: in.Addr}
	default:
		return peer{family: unix.AF_UNIX}
	}
}

func getPort(field *uint16) uint16 {
	return binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(field))[:])
}

// appendAddress writes the address as text: IPv4 also when it came in its mapped form, `unix:` for a unix peer, as
// nginx's $remote_addr does.
func (p *peer) appendAddress(dst []byte) []byte {
	if p.family == unix.AF_UNIX {
		return append(dst, socket.UnixPrefix...)
	}
	return netip.AddrFrom16(p.address).Unmap().AppendTo(dst)
}

// hasAddress is false for a unix peer.
func (p *peer) hasAddress() bool { return p.family != unix.AF_UNIX }

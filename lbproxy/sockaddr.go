package lbproxy

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// sockaddr is an address in the layout that connect and bind want; man 7 ip, ipv6, unix.
type sockaddr struct {
	raw    unix.RawSockaddrAny
	size   uint32
	family int
}

// unixPrefix marks the path of a unix socket where a host and port could stand.
const unixPrefix = "unix:"

// parseSockaddr reads `127.0.0.1:8000`, `[::1]:8000` or `unix:/path`. It resolves no names.
func parseSockaddr(s string) (*sockaddr, error) {
	if path, ok := strings.CutPrefix(s, unixPrefix); ok {
		return unixSockaddr(path)
	}
	ap, err := netip.ParseAddrPort(s)
	if err != nil {
		return nil, fmt.Errorf("parse address %q: %w", s, err)
	}
	return inetSockaddr(ap), nil
}

func unixSockaddr(path string) (*sockaddr, error) {
	a := &sockaddr{family: unix.AF_UNIX}
	un := (*unix.RawSockaddrUnix)(unsafe.Pointer(&a.raw))
	if path == "" || len(path) >= len(un.Path) {
		return nil, fmt.Errorf("parse address %q: a unix socket's path has 1 to %d bytes", unixPrefix+path, len(un.Path)-1)
	}
	un.Family = unix.AF_UNIX
	for i := range len(path) {
		un.Path[i] = int8(path[i])
	}
	a.size = uint32(unsafe.Offsetof(un.Path)) + uint32(len(path)) + 1
	return a, nil
}

func inetSockaddr(ap netip.AddrPort) *sockaddr {
	if addr := ap.Addr(); addr.Is4() {
		a := &sockaddr{family: unix.AF_INET, size: unix.SizeofSockaddrInet4}
		in := (*unix.RawSockaddrInet4)(unsafe.Pointer(&a.raw))
		in.Family, in.Addr = unix.AF_INET, addr.As4()
		putPort(&in.Port, ap.Port())
		return a
	}
	a := &sockaddr{family: unix.AF_INET6, size: unix.SizeofSockaddrInet6}
	in := (*unix.RawSockaddrInet6)(unsafe.Pointer(&a.raw))
	in.Family, in.Addr = unix.AF_INET6, ap.Addr().As16()
	putPort(&in.Port, ap.Port())
	return a
}

// putPort stores a port in network byte order.
func putPort(field *uint16, port uint16) {
	binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(field))[:], port)
}

func getPort(field *uint16) uint16 {
	return binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(field))[:])
}

// mappedPrefix is what an IPv4 address has in front in its IPv6-mapped form; RFC 4291 section 2.5.5.2.
var mappedPrefix = [12]byte{10: 0xff, 11: 0xff}

// decodePeer reads what accept reported. A unix peer has no address and no port.
func decodePeer(from *unix.RawSockaddrAny) (family uint8, port uint16, address [16]byte) {
	switch from.Addr.Family {
	case unix.AF_INET:
		in := (*unix.RawSockaddrInet4)(unsafe.Pointer(from))
		copy(address[:], mappedPrefix[:])
		copy(address[12:], in.Addr[:])
		return unix.AF_INET, getPort(&in.Port), address
	case unix.AF_INET6:
		in := (*unix.RawSockaddrInet6)(unsafe.Pointer(from))
		return unix.AF_INET6, getPort(&in.Port), in.Addr
	default:
		return unix.AF_UNIX, 0, address
	}
}

// appendAddress writes a client's address as text: IPv4 also when it came in its mapped form, `unix:` for a
// unix peer, as nginx's $remote_addr does.
func (c *conn) appendAddress(dst []byte) []byte {
	if c.family == unix.AF_UNIX {
		return append(dst, unixPrefix...)
	}
	return netip.AddrFrom16(c.address).Unmap().AppendTo(dst)
}

// appendSockaddr writes a decoded address as `host:port`, or `localhost` for a unix socket.
func appendSockaddr(dst []byte, a unix.Sockaddr) []byte {
	switch a := a.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port)).AppendTo(dst)
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(a.Addr).Unmap(), uint16(a.Port)).AppendTo(dst)
	default:
		return append(dst, "localhost"...)
	}
}

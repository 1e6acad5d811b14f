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

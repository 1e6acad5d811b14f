package socket

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Address is an address in the layout that connect and bind want; man 7 ip, ipv6, unix.
type Address struct {
	raw    unix.RawSockaddrAny
	size   uint32
	family int
}

// UnixPrefix marks the path of a unix socket where a host and port could stand.
const UnixPrefix = "unix:"

// ParseAddress reads `127.0.0.1:8000`, `[::1]:8000` or `unix:/path`. It resolves no names.
func ParseAddress(s string) (*Address, error) {
	if path, ok := strings.CutPrefix(s, UnixPrefix); ok {
		return unixAddress(path)
	}
	ap, err := netip.ParseAddrPort(s)
	if err != nil {
		return nil, fmt.Errorf("parse address %q: %w", s, err)
	}
	return inetAddress(ap), nil
}

func unixAddress(path string) (*Address, error) {
	a := &Address{family: unix.AF_UNIX}
	un := (*unix.RawSockaddrUnix)(unsafe.Pointer(&a.raw))
	if path == "" || len(path) >= len(un.Path) {
		return nil, fmt.Errorf("parse address %q: a unix socket's path has 1 to %d bytes", UnixPrefix+path, len(un.Path)-1)
	}
	un.Family = unix.AF_UNIX
	for i := range len(path) {
		un.Path[i] = int8(path[i])
	}
	a.size = uint32(unsafe.Offsetof(un.Path)) + uint32(len(path)) + 1
	return a, nil
}

func inetAddress(ap netip.AddrPort) *Address {
	if addr := ap.Addr(); addr.Is4() {
		a := &Address{family: unix.AF_INET, size: unix.SizeofSockaddrInet4}
		in := (*unix.RawSockaddrInet4)(unsafe.Pointer(&a.raw))
		in.Family, in.Addr = unix.AF_INET, addr.As4()
		putPort(&in.Port, ap.Port())
		return a
	}
	a := &Address{family: unix.AF_INET6, size: unix.SizeofSockaddrInet6}
	in := (*unix.RawSockaddrInet6)(unsafe.Pointer(&a.raw))
	in.Family, in.Addr = unix.AF_INET6, ap.Addr().As16()
	putPort(&in.Port, ap.Port())
	return a
}

// putPort stores a port in network byte order.
func putPort(field *uint16, port uint16) {
	binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(field))[:], port)
}

// AppendLocal writes the address that a socket is bound to as `host:port`, or `localhost` for a unix socket, and for
// one without an address.
func AppendLocal(dst []byte, fd int32) []byte {
	local, err := unix.Getsockname(int(fd))
	if err != nil {
		local = nil
	}
	switch a := local.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port)).AppendTo(dst)
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(a.Addr).Unmap(), uint16(a.Port)).AppendTo(dst)
	default:
		return append(dst, "localhost"...)
	}
}

package socket

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"percore/lbproxy/handshake"
)

// Listener is one public listening socket. PID 1 opens it and keeps it open for as long as the container
// accepts; the front door inherits it. Loop tells which loop accepts from it.
type Listener struct {
	File    *os.File
	Address string
	Loop    int
}

// backlog is what listen asks for; the kernel cuts it to net.core.somaxconn (man 2 listen).
const backlog = 65535

// Listen opens the sockets for address: one per loop with SO_REUSEPORT (man 7 socket, Linux 3.9), so that the
// kernel spreads connections over the loops, or a single one for a unix path. An address without a host means
// every address of both families; port 0 is one port that is free, for all loops. Errors wrap the system call's.
func Listen(address string, loops int) ([]Listener, error) {
	if path, ok := strings.CutPrefix(address, UnixPrefix); ok {
		f, err := listenUnix(path)
		if err != nil {
			return nil, fmt.Errorf("listen %s: %w", address, err)
		}
		return []Listener{{f, address, 0}}, nil
	}
	bindTo, err := bindAddress(address)
	if err != nil {
		return nil, fmt.Errorf("listen %s: %w", address, err)
	}
	var ls []Listener
	for i := range loops {
		f, err := listenInet(bindTo, i == 0)
		if err != nil {
			CloseListeners(ls)
			return nil, fmt.Errorf("listen %s: %w", address, err)
		}
		ls = append(ls, Listener{f, address, i})
		bindTo = netip.AddrPortFrom(bindTo.Addr(), ls[0].port(bindTo.Port()))
	}
	return ls, nil
}

// port is the port that the socket has: the one that it was to be bound to, or the one that the kernel chose for 0.
func (l *Listener) port(wanted uint16) uint16 {
	if wanted != 0 {
		return wanted
	}
	bound, _ := unix.Getsockname(int(l.File.Fd())) // its errors are about other arguments; man 2 getsockname
	switch bound := bound.(type) {
	case *unix.SockaddrInet4:
		return uint16(bound.Port)
	case *unix.SockaddrInet6:
		return uint16(bound.Port)
	}
	return 0
}

// Adopt returns a duplicate of the socket that never waits, for the caller to close; the file is closed.
func (l *Listener) Adopt() (int32, error) {
	fd, err := unix.FcntlInt(l.File.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("fcntl", err)
	}
	_ = l.File.Close() // a listening socket has nothing to flush
	if err := unix.SetNonblock(fd, true); err != nil {
		Close(int32(fd))
		return -1, os.NewSyscallError("fcntl", err)
	}
	return int32(fd), nil
}

// CloseListeners closes this process's copies.
func CloseListeners(ls []Listener) {
	for _, l := range ls {
		_ = l.File.Close() // a listening socket has nothing to flush
	}
}

// RefuseNewConnections makes the sockets refuse clients that have not begun to connect; the front door does the same,
// but PID 1 may be allowed on an old kernel what the front door is not. The error says why some socket goes on taking
// handshakes.
func RefuseNewConnections(ls []Listener) error {
	var sockets []int
	for _, l := range ls {
		sockets = append(sockets, int(l.File.Fd()))
	}
	return handshake.Refuse(sockets)
}

// bindAddress turns `:8080` into the widest address that this machine has.
func bindAddress(address string) (netip.AddrPort, error) {
	if port, ok := strings.CutPrefix(address, ":"); ok {
		host := "[::]:"
		if !hasIPv6() {
			host = "0.0.0.0:"
		}
		address = host + port
	}
	return netip.ParseAddrPort(address)
}

func hasIPv6() bool {
	fd, err := unix.Socket(unix.AF_INET6, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	return unix.Bind(fd, &unix.SockaddrInet6{}) == nil
}

// listenInet opens one socket of a SO_REUSEPORT group. The first of a group probes without the option, so
// that a port which another process shares by SO_REUSEPORT is reported as in use instead of splitting its traffic.
func listenInet(ap netip.AddrPort, first bool) (*os.File, error) {
	if first && ap.Port() != 0 {
		probe, err := openInet(ap, false)
		if err != nil {
			return nil, err
		}
		_ = probe.Close()
	}
	f, err := openInet(ap, true)
	if err != nil {
		return nil, err
	}
	if err := unix.Listen(int(f.Fd()), backlog); err != nil {
		return nil, errors.Join(os.NewSyscallError("listen", err), f.Close())
	}
	return f, nil
}

func openInet(ap netip.AddrPort, share bool) (*os.File, error) {
	family := unix.AF_INET6
	if ap.Addr().Is4() {
		family = unix.AF_INET
	}
	// Blocking, unlike everything else: PID 1 never accepts, and os.File would put a non-blocking descriptor
	// into its netpoller. The front door makes its copy non-blocking.
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	if err := bindInet(fd, ap, share); err != nil {
		unix.Close(fd)
		return nil, err
	}
	return os.NewFile(uintptr(fd), ap.String()), nil
}

func bindInet(fd int, ap netip.AddrPort, share bool) error {
	options := []struct{ level, name, value int }{
		{unix.SOL_SOCKET, unix.SO_REUSEADDR, 1},
		{unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1}, // inherited by accepted sockets: dead peers are noticed
		{unix.IPPROTO_TCP, unix.TCP_NODELAY, 1}, // inherited: saves a system call per connection
	}
	if share {
		options = append(options, struct{ level, name, value int }{unix.SOL_SOCKET, unix.SO_REUSEPORT, 1})
	}
	for _, o := range options {
		if err := unix.SetsockoptInt(fd, o.level, o.name, o.value); err != nil {
			return os.NewSyscallError("setsockopt", err)
		}
	}
	var sa unix.Sockaddr = &unix.SockaddrInet4{Port: int(ap.Port()), Addr: v4(ap.Addr())}
	if !ap.Addr().Is4() {
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 0); err != nil {
			return os.NewSyscallError("setsockopt", err)
		}
		sa = &unix.SockaddrInet6{Port: int(ap.Port()), Addr: ap.Addr().As16()}
	}
	return os.NewSyscallError("bind", unix.Bind(fd, sa))
}

func v4(a netip.Addr) [4]byte {
	if a.Is4() {
		return a.As4()
	}
	return [4]byte{}
}

// listenUnix opens a unix socket, after removing what a dead process left at its path. Everybody may connect: a front
// door is public. The socket has that mode from birth, by the umask, which is the whole process's: listeners are
// opened before anything else makes a file. A chmod by name could be redirected by any process that may write to the
// folder.
func listenUnix(path string) (*os.File, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	f := os.NewFile(uintptr(fd), path)
	sa := &unix.SockaddrUnix{Name: path}
	defer unix.Umask(unix.Umask(0o111))
	err = unix.Bind(fd, sa)
	if errors.Is(err, unix.EADDRINUSE) && isStale(sa) {
		if err = unix.Unlink(path); err == nil {
			err = unix.Bind(fd, sa)
		}
	}
	if err != nil {
		return nil, errors.Join(os.NewSyscallError("bind", err), f.Close())
	}
	if err := unix.Listen(fd, backlog); err != nil {
		return nil, errors.Join(os.NewSyscallError("listen", err), f.Close())
	}
	return f, nil
}

// isStale reports whether a path is that of a unix socket which is left over: no process accepts there. Anything else
// at the path is a user's file, although connect says the same of it.
func isStale(sa *unix.SockaddrUnix) bool {
	var stat unix.Stat_t
	if unix.Lstat(sa.Name, &stat) != nil || stat.Mode&unix.S_IFMT != unix.S_IFSOCK {
		return false
	}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	return errors.Is(unix.Connect(fd, sa), unix.ECONNREFUSED)
}

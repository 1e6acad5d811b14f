// Package socket makes the system calls on sockets: what a loop does with the descriptors that it owns, addresses in
// the kernel's layout, and listeners, which PID 1 opens and the front door inherits. It keeps nothing: a descriptor
// belongs to the caller, which closes it. Begin with socket.go for the calls of the steady state, and with [Listen]
// for those before it.
package socket

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// The wrappers below make the system calls of the steady state. They are raw because every descriptor here is
// non-blocking: telling the scheduler about a call that never waits costs 70 ns, and the wrappers of
// golang.org/x/sys another 150 to 400 ns for boxed errors and decoded addresses.

// OK is the errno of a call that succeeded.
const OK = unix.Errno(0)

// Recv reads into b, which must not be empty; man 2 recv.
func Recv(fd int32, b []byte, flags int) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVFROM,
		uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), uintptr(flags), 0, 0)
	if errno != OK {
		return 0, errno
	}
	return int(n), OK
}

// Send writes b, which must not be empty, without ever raising SIGPIPE; man 2 send.
func Send(fd int32, b []byte) (int, unix.Errno) { return sendFlags(fd, b, unix.MSG_NOSIGNAL) }

// SendLast is Send for the last bytes before close or shutdown: what does not fill a segment leaves together with the
// FIN, which saves a segment and its acknowledgement (man 2 send, MSG_MORE; Linux net/ipv4/tcp_output.c,
// tcp_send_fin).
func SendLast(fd int32, b []byte) (int, unix.Errno) {
	return sendFlags(fd, b, unix.MSG_NOSIGNAL|unix.MSG_MORE)
}

func sendFlags(fd int32, b []byte, flags int) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall6(unix.SYS_SENDTO,
		uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), uintptr(flags), 0, 0)
	if errno != OK {
		return 0, errno
	}
	return int(n), OK
}

// SendFile writes n bytes of file, from offset, to the socket fd, as far as that takes them and the file has them; man 2
// sendfile. It waits for the disk where they are not in the page cache. A peer that is gone is EPIPE, behind a SIGPIPE
// that the Go runtime ignores.
func SendFile(fd, file int32, offset int64, n int) (sent int, errno unix.Errno) {
	r, _, errno := unix.RawSyscall6(unix.SYS_SENDFILE,
		uintptr(fd), uintptr(file), uintptr(unsafe.Pointer(&offset)), uintptr(n), 0, 0)
	if errno != OK {
		return 0, errno
	}
	return int(r), OK
}

// IsFileFault reports whether it is the file's fault that sendfile failed, and not the socket's.
func IsFileFault(errno unix.Errno) bool {
	switch errno {
	case unix.EIO, unix.EBADF, unix.EINVAL, unix.ENOMEM, unix.ENXIO, unix.ESTALE, unix.EACCES, unix.EPERM:
		return true
	default:
		return false
	}
}

// Accept takes one connection from the queue, close-on-exec and non-blocking from birth; man 2 accept4.
func Accept(fd int32, from *unix.RawSockaddrAny) (int32, unix.Errno) {
	size := uint32(unix.SizeofSockaddrAny)
	n, _, errno := unix.RawSyscall6(unix.SYS_ACCEPT4,
		uintptr(fd), uintptr(unsafe.Pointer(from)), uintptr(unsafe.Pointer(&size)), unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
	if errno != OK {
		return -1, errno
	}
	return int32(n), OK
}

// Open opens a stream socket for connecting to a, close-on-exec and non-blocking from birth, without Nagle's
// algorithm; man 2 socket.
func Open(a *Address) (int32, unix.Errno) {
	const kind = unix.SOCK_STREAM | unix.SOCK_NONBLOCK | unix.SOCK_CLOEXEC
	fd, _, errno := unix.RawSyscall(unix.SYS_SOCKET, uintptr(a.family), kind, 0)
	if errno != OK {
		return -1, errno
	}
	if a.family != unix.AF_UNIX {
		noDelay(int32(fd))
	}
	return int32(fd), OK
}

// Connect starts connecting to a; man 2 connect.
func Connect(fd int32, a *Address) unix.Errno {
	_, _, errno := unix.RawSyscall(unix.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(&a.raw)), uintptr(a.size))
	return errno
}

// noDelay switches Nagle's algorithm off; man 7 tcp. An error means "not TCP" and does not matter.
func noDelay(fd int32) {
	one := int32(1)
	setOption(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, unsafe.Pointer(&one), unsafe.Sizeof(one))
}

// BoundUnsent lets a TCP socket take only about so many bytes that its peer has no room for yet; man 7 tcp,
// TCP_NOTSENT_LOWAT (Linux 3.12). An error means "not TCP" and does not matter.
func BoundUnsent(fd, bytes int32) {
	setOption(fd, unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, unsafe.Pointer(&bytes), unsafe.Sizeof(bytes))
}

// FINLag is how many milliseconds lie between the last bytes that a TCP peer sent and its last segment without any:
// its FIN, when that is here. The kernel counts in its ticks, of 1 to 10 ms; man 7 tcp, TCP_INFO.
func FINLag(fd int32) (millis int64, ok bool) {
	var info unix.TCPInfo
	size := uint32(unix.SizeofTCPInfo)
	_, _, errno := unix.RawSyscall6(unix.SYS_GETSOCKOPT,
		uintptr(fd), unix.IPPROTO_TCP, unix.TCP_INFO, uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
	return int64(info.Last_data_recv) - int64(info.Last_ack_recv), errno == OK
}

// Unread is how many bytes can be read at once; man 7 tcp, SIOCINQ.
func Unread(fd int32) int64 {
	var n int32
	_, _, errno := unix.RawSyscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCINQ, uintptr(unsafe.Pointer(&n)))
	if errno != OK {
		return 0
	}
	return int64(n)
}

// ShutdownWrite sends a FIN and keeps reading possible; man 2 shutdown. An error means that the peer is gone,
// which the next read reports.
func ShutdownWrite(fd int32) {
	_, _, _ = unix.RawSyscall(unix.SYS_SHUTDOWN, uintptr(fd), unix.SHUT_WR, 0)
}

// Close closes a descriptor. Linux releases it whatever close returns, so there is nothing to handle.
func Close(fd int32) {
	_, _, _ = unix.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0)
}

// ResetOnClose makes the coming close send a RST instead of a FIN; man 7 socket, SO_LINGER. An error means that there
// is no peer left to tell.
func ResetOnClose(fd int32) {
	linger := unix.Linger{Onoff: 1}
	setOption(fd, unix.SOL_SOCKET, unix.SO_LINGER, unsafe.Pointer(&linger), unsafe.Sizeof(linger))
}

// setOption sets an option whose errors do not matter; man 2 setsockopt.
func setOption(fd int32, level, name uintptr, value unsafe.Pointer, size uintptr) {
	_, _, _ = unix.RawSyscall6(unix.SYS_SETSOCKOPT, uintptr(fd), level, name, uintptr(value), size, 0)
}

// DescriptorsMax is how many descriptors this process may have open; man 2 getrlimit.
func DescriptorsMax() uint64 {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 1024 // every system's least
	}
	return limit.Cur
}

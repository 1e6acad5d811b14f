// Package handshake is about what the kernel does between a client's SYN and accept: how a listening socket stops
// taking new ones, and whether any is still under way. With both a listener closes without a reset (ADR 22): [Ending]
// brings that about for all listeners of a front door.
package handshake

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// noDevice is the index of a network device that does not exist; the kernel counts up from 1 and does not check the
// index.
const noDevice = 0x7fffffff

// Refuse makes listening TCP sockets refuse clients that have not begun to connect, while handshakes that have begun
// complete and connections in the queue stay. It cannot be undone. All sockets of a SO_REUSEPORT group belong into one
// call: a client that meets the group while a part of it refuses has to repeat its SYN. One call per socket is enough,
// whichever process makes it; a further one is no error. Unix sockets have no handshake and are passed over.
//
// The error joins those of the sockets that go on taking handshakes; Linux 5.7 and later has none, older kernels want
// NET_RAW or NET_ADMIN.
func Refuse(listeners []int) error {
	var errs []error
	for _, fd := range listeners {
		if family, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN); err == nil && family == unix.AF_UNIX {
			continue
		}
		if bindToNoDevice(fd) != nil {
			errs = append(errs, ignoreSYNs(fd))
		}
	}
	return errors.Join(errs...)
}

// bindToNoDevice takes the socket out of the lookup of a SYN: the client is refused at once. A handshake that has
// begun has a request socket of its own, which keeps the device that it came by. Unprivileged processes may bind a
// socket that is not bound yet (Linux 5.7, commit c427bfec18f2); the second call gets EPERM, from whichever process,
// and then the socket says what it is bound to.
func bindToNoDevice(fd int) error {
	err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_BINDTOIFINDEX, noDevice)
	if errors.Is(err, unix.EPERM) {
		if index, readErr := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_BINDTOIFINDEX); readErr == nil && index == noDevice {
			return nil
		}
	}
	return os.NewSyscallError("setsockopt", err)
}

// ignoreSYNs makes a listening socket drop further SYNs while it still completes the handshakes it has begun: a client
// whose SYN is dropped sends it again after a second and is refused then, when the socket is closed. The filter sees a
// segment from its TCP header on (Linux net/ipv4/tcp_ipv4.c, tcp_filter). Some kernels want the capability NET_ADMIN
// for it; without it the error is EPERM.
func ignoreSYNs(fd int) error {
	const flagsOffset, syn, ack = 13, 0x02, 0x10
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: flagsOffset},
		{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: syn | ack},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: syn, Jt: 0, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0xffffffff},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	return os.NewSyscallError("setsockopt", unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &program))
}

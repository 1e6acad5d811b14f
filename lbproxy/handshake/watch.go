package handshake

import (
	"encoding/binary"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// sock_diag's numbers, from Linux include/uapi/linux/sock_diag.h, inet_diag.h and include/net/tcp_states.h.
const (
	sockDiagByFamily = 20
	stateSYNReceived = 3  // the socket of a simultaneous open, or of a TCP Fast Open
	stateNewRequest  = 12 // the request socket of a handshake that has begun
	requestBytes     = unix.SizeofNlMsghdr + 56
	sportOffset      = unix.SizeofNlMsghdr + 8 // of inet_diag_req_v2.id.idiag_sport
	bufferBytes      = 32 << 10                // what one answer of the kernel has at most (man 7 netlink)
)

// Watch knows whether handshakes with some listening sockets are under way. It needs no privilege. It is for one
// goroutine, which closes it.
type Watch struct {
	fd       int
	requests [][]byte // a question for each port and address family
	buffer   []byte
}

// NewWatch looks at TCP listeners; unix sockets are passed over. An error says that the kernel cannot be asked: it
// wraps the system call's. The listeners are not needed after the call.
func NewWatch(listeners []int) (*Watch, error) {
	w := &Watch{buffer: make([]byte, bufferBytes)}
	for _, fd := range listeners {
		address, err := unix.Getsockname(fd)
		if err != nil {
			return nil, os.NewSyscallError("getsockname", err)
		}
		switch a := address.(type) {
		case *unix.SockaddrInet4:
			w.add(unix.AF_INET, a.Port)
		case *unix.SockaddrInet6: // clients of IPv4 connect to it as well
			w.add(unix.AF_INET, a.Port)
			w.add(unix.AF_INET6, a.Port)
		}
	}
	var err error
	if w.fd, err = unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_SOCK_DIAG); err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	return w, nil
}

// add puts a question to those that are asked, once.
func (w *Watch) add(family byte, port int) {
	request := make([]byte, requestBytes)
	native := binary.NativeEndian
	native.PutUint32(request[0:], requestBytes)
	native.PutUint16(request[4:], sockDiagByFamily)
	native.PutUint16(request[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	body := request[unix.SizeofNlMsghdr:]
	body[0], body[1] = family, unix.IPPROTO_TCP
	native.PutUint32(body[4:], 1<<stateSYNReceived|1<<stateNewRequest)
	binary.BigEndian.PutUint16(request[sportOffset:], uint16(port))
	for _, other := range w.requests {
		if string(other) == string(request) {
			return
		}
	}
	w.requests = append(w.requests, request)
}

// UnderWay reports whether a handshake has begun that is not complete. A segment that is being processed in this
// moment may be in neither queue: only two responses in a row say that there is none. It takes a millisecond, and ten
// on a machine with many connections.
func (w *Watch) UnderWay() (bool, error) {
	for _, request := range w.requests {
		if err := unix.Sendto(w.fd, request, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
			return false, os.NewSyscallError("sendto", err)
		}
		if some, err := w.read(); some || err != nil {
			return some, err
		}
	}
	return false, nil
}

// read takes the answer to one question, to its end, and reports whether it has a socket in it.
func (w *Watch) read() (some bool, err error) {
	for {
		n, _, err := unix.Recvfrom(w.fd, w.buffer, 0)
		if err != nil {
			return false, os.NewSyscallError("recvfrom", err)
		}
		messages, err := syscall.ParseNetlinkMessage(w.buffer[:n])
		if err != nil {
			return false, fmt.Errorf("parse netlink message: %w", err)
		}
		for _, m := range messages {
			switch m.Header.Type {
			case unix.NLMSG_DONE:
				return some, nil
			case unix.NLMSG_ERROR:
				return false, fmt.Errorf("ask for handshakes: %w", netlinkError(m.Data))
			case sockDiagByFamily:
				some = true
			}
		}
	}
}

// netlinkError is what NLMSG_ERROR carries: a negative errno (man 7 netlink).
func netlinkError(data []byte) error {
	if len(data) < 4 {
		return unix.EBADMSG
	}
	return unix.Errno(-int32(binary.NativeEndian.Uint32(data)))
}

// Close ends the watch.
func (w *Watch) Close() { _ = unix.Close(w.fd) }

package control

import (
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// peer is the process at the other end, by the kernel's word (man 7 unix, SO_PEERCRED).
type peer struct {
	pid int // 0: in a pid namespace that this process cannot see
	uid int
}

func peerOf(conn *net.UnixConn) (peer, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return peer{}, fmt.Errorf("ask for the peer: %w", err)
	}
	var cred *unix.Ucred
	var failed error
	if err := raw.Control(func(fd uintptr) {
		cred, failed = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	}); err != nil {
		return peer{}, fmt.Errorf("ask for the peer: %w", err)
	}
	if failed != nil {
		return peer{}, os.NewSyscallError("getsockopt", failed)
	}
	return peer{pid: int(cred.Pid), uid: int(cred.Uid)}, nil
}

// trusted reports whether the process is root's or the user self's. The name of an abstract socket belongs to a
// network namespace, which containers of one pod share, each with a root of its own: only a process of our own pid
// namespace counts there.
func (p peer) trusted(self int, abstract bool) bool {
	return (p.uid == 0 || p.uid == self) && (!abstract || p.pid != 0)
}

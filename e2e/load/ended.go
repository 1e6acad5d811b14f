package load

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
)

// errSurplus says that bytes came on a connection on which nothing was asked.
var errSurplus = errors.New("bytes that nobody asked for")

// ended looks at an idle connection without taking anything from it, and returns nil while it is usable: io.EOF when
// the other side has closed it, ECONNRESET when it was reset, errSurplus when something waits to be read (man 2 recv, MSG_PEEK).
func ended(conn net.Conn) error {
	raw, err := conn.(syscall.Conn).SyscallConn()
	if err != nil {
		return fmt.Errorf("look at connection: %w", err)
	}
	var n int
	var recvErr error
	err = raw.Control(func(fd uintptr) {
		var one [1]byte
		n, _, recvErr = syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	})
	switch {
	case err != nil:
		return fmt.Errorf("look at connection: %w", err)
	case errors.Is(recvErr, syscall.EAGAIN):
		return nil
	case recvErr != nil:
		return os.NewSyscallError("recvfrom", recvErr)
	case n == 0:
		return io.EOF
	}
	return errSurplus
}

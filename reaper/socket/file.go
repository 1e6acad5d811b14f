package socket

import (
	"context"
	"errors"
	"net"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"percore/reaper"
)

// Prefix marks the path of a unix socket where a host and port could stand, as the front door takes it.
const Prefix = "unix:"

// Dial connects to the socket at path. A link in its place is not followed: PID 1 may connect to more than the worker.
func Dial(ctx context.Context, path string) (net.Conn, error) {
	fd, err := openFile(path)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	return new(net.Dialer).DialContext(ctx, "unix", descriptorPath(fd))
}

// errForeign is a file in the place of a worker's socket that is not the worker's own socket.
var errForeign = errors.New("not a socket of the worker's user")

// Exposure is what has to be known to let the front door connect to a worker's socket, whatever mode the worker gave
// it.
type Exposure struct {
	Path  string
	Owner uint32 // the user that has to own it, where the worker is not root; 0 is any
}

// Expose lets every user connect. What is no socket, or a link to another's, is left alone: the folder is the
// worker's, and a worker that was broken into could have PID 1 open the container's other sockets otherwise.
func (e Exposure) Expose() error {
	fd, err := openFile(e.Path)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		return os.NewSyscallError("fstat", err)
	}
	if e.Owner != 0 && stat.Uid != e.Owner {
		return errForeign
	}
	if os.Geteuid() != 0 || stat.Mode&0o666 == 0o666 {
		return nil // without root the front door is the same user as the worker
	}
	// As its owner, because root may lack the capability FOWNER.
	return reaper.WithFileIDs(int(stat.Uid), reaper.SameID, func() error {
		return os.NewSyscallError("chmod", unix.Chmod(descriptorPath(fd), 0o666))
	})
}

// openFile finds a socket without following a link. The descriptor stands for the file and nothing else (man 2 open,
// O_PATH).
func openFile(path string) (fd int, err error) {
	fd, err = unix.Open(path, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("open", err)
	}
	var stat unix.Stat_t
	if err = unix.Fstat(fd, &stat); err == nil && stat.Mode&unix.S_IFMT != unix.S_IFSOCK {
		err = errForeign
	}
	if err != nil {
		_ = unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// descriptorPath is a name for an open file behind which no other can be put (man 5 proc).
func descriptorPath(fd int) string { return "/proc/self/fd/" + strconv.Itoa(fd) }

package control

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"percore/reaper/names"
)

// errTaken is a socket that another process listens on.
var errTaken = errors.New("another percore listens there")

// Listener is an open control socket.
type Listener struct {
	*net.UnixListener
	Place Place
	file  os.FileInfo // what stands for it; nil for an abstract one
}

// Listen opens the socket at the chosen place, or without one at DefaultPath or else at a private place. A socket that
// no process listens on any more is replaced; one that lives, and any other file, is left alone.
func Listen(chosen Place) (*Listener, error) {
	if chosen != "" {
		return listenAt(chosen)
	}
	l, err := listenAt(DefaultPath)
	if err == nil {
		return l, nil
	}
	private, privateErr := listenAt(privatePlace())
	if privateErr != nil {
		return nil, errors.Join(err, privateErr)
	}
	return private, nil
}

func listenAt(place Place) (l *Listener, err error) {
	if place.Abstract() {
		return bind(place, string(place))
	}
	err = names.AsOwner(string(place), func() error {
		l, err = listenAtPath(place)
		return err
	})
	return l, err
}

func listenAtPath(place Place) (*Listener, error) {
	path := string(place)
	if err := vacant(path); err != nil {
		return nil, fmt.Errorf("listen on %s: %w", path, err)
	}
	// It gets its name when it listens already, so that no client is refused, and no other percore takes it for dead.
	fresh := path + "." + strconv.Itoa(os.Getpid())
	_ = os.Remove(fresh)
	l, err := bind(place, fresh)
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false)
	if l.file, err = os.Lstat(fresh); err == nil {
		err = os.Rename(fresh, path)
	}
	if err != nil {
		_ = l.UnixListener.Close()
		_ = os.Remove(fresh)
		return nil, fmt.Errorf("listen on %s: %w", path, err)
	}
	return l, nil
}

// vacant says why path cannot be taken.
func vacant(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != os.ModeSocket:
		return errors.New("a file that is no socket is there already")
	}
	conn, err := connect(Place(path))
	if err == nil {
		_ = conn.Close()
		return errTaken
	}
	if errors.Is(err, syscall.EAGAIN) {
		return errTaken // it has more clients than it can take in
	}
	if errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// bind makes the socket with mode 0600 from birth: the kernel takes a new socket's mode from its descriptor, less
// the umask, which belongs to the whole process and is not to be touched while others fork (net/unix/af_unix.c,
// unix_bind).
func bind(place Place, name string) (*Listener, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	file := os.NewFile(uintptr(fd), filepath.Base(name))
	defer file.Close() // FileListener has a descriptor of its own
	if err := unix.Fchmod(fd, 0o600); err != nil {
		return nil, os.NewSyscallError("fchmod", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: name}); err != nil {
		return nil, fmt.Errorf("listen on %s: %w", place, os.NewSyscallError("bind", err))
	}
	if err := unix.Listen(fd, backlog); err != nil {
		return nil, fmt.Errorf("listen on %s: %w", place, os.NewSyscallError("listen", err))
	}
	l, err := net.FileListener(file)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", place, err)
	}
	return &Listener{UnixListener: l.(*net.UnixListener), Place: place}, nil
}

// Close closes the socket and removes its file, unless another percore has put its own there.
func (l *Listener) Close() error {
	if l.file != nil {
		_ = names.AsOwner(string(l.Place), l.unlink)
		l.file = nil
	}
	return l.UnixListener.Close()
}

func (l *Listener) unlink() error {
	now, err := os.Lstat(string(l.Place))
	if err != nil || !os.SameFile(now, l.file) {
		return err
	}
	return os.Remove(string(l.Place))
}

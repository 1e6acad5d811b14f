package fleet

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	"percore/reaper"
)

// unixPrefix marks the path of a unix socket where a host and port could stand, as the front door takes it.
const unixPrefix = "unix:"

// socketPathMax is sun_path's 108 bytes less the NUL at its end (man 7 unix).
const socketPathMax = 107

// sockets is where the workers' unix sockets are: one folder for each worker, which its user may write to, in one folder of
// percore's own. Only the fleet's goroutine touches it, but for OpenSockets before Run.
type sockets struct {
	base  *socketBase // nil until the first worker has a socket
	err   error       // why there is none
	slots int         // how many workers have had one
}

// defaultSocketPlaces are tried in this order. With a read-only root only /dev/shm is left, which Docker always mounts.
func defaultSocketPlaces() []string { return []string{"/run", "/dev/shm", "/tmp"} }

// OpenSockets finds out before the start whether all workers that are to listen on a unix socket can have one. It is called
// before Run, if at all.
func (f *Fleet) OpenSockets() error {
	for _, w := range f.workers {
		if err := f.assignSocket(w); err != nil {
			return fmt.Errorf("place socket of %s: %w", w.title, err)
		}
	}
	return nil
}

// assignSocket gives a worker its path, for life.
func (f *Fleet) assignSocket(w *worker) error {
	s := &f.sockets
	if !w.program.Sockets || w.socket != "" {
		return nil
	}
	if s.base == nil {
		if s.base, s.err = openSocketBase(f.options.SocketPlaces); s.err != nil {
			return s.err
		}
	}
	path := filepath.Join(s.base.path, strconv.Itoa(s.slots), w.name+".sock")
	if len(path) > socketPathMax {
		return fmt.Errorf("its path %s has %d bytes and a unix socket's has at most %d: the name has to be shorter", path, len(path), socketPathMax)
	}
	w.socket = path
	s.slots++
	return nil
}

// clearSocket makes the worker's folder anew, so that nothing is left in it of the incarnation before. Percore stays its owner and the
// worker's user gets in by its group: a container that may change users often may not chown.
func (f *Fleet) clearSocket(w *worker) error {
	if !w.program.Sockets {
		return nil
	}
	if err := f.assignSocket(w); err != nil {
		return fmt.Errorf("place socket: %w", err)
	}
	dir := filepath.Dir(w.socket)
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("clear socket's folder: %w", err)
	}
	gid := reaper.SameID
	if c := w.program.Credential; c != nil {
		gid = int(c.GID)
	}
	if err := reaper.WithFileIDs(reaper.SameID, gid, func() error { return os.Mkdir(dir, 0o700) }); err != nil {
		return fmt.Errorf("make socket's folder: %w", err)
	}
	// The group may make a socket, everybody may connect to it, and nobody removes what is another's.
	if err := os.Chmod(dir, 0o731|os.ModeSticky); err != nil {
		return fmt.Errorf("open socket's folder: %w", err)
	}
	return nil
}

// close removes everything.
func (s *sockets) close() {
	if s.base != nil {
		s.base.remove()
		s.base = nil
	}
}

// errForeignSocket is a file in the place of a worker's socket that is not the worker's own socket.
var errForeignSocket = errors.New("not a socket of the worker's user")

// exposure is what has to be known to let the front door connect to a worker's socket, whatever mode the worker gave it.
type exposure struct {
	path  string
	owner uint32 // who has to own it, where the worker is not root; 0 is anybody
}

func (w *worker) exposure() exposure {
	e := exposure{path: w.socket}
	if c := w.program.Credential; c != nil {
		e.owner = c.UID
	}
	return e
}

// expose lets every user connect. What is no socket, or a link to somebody else's, is left alone: the folder is the worker's, and
// a worker that was broken into could have PID 1 open the container's other sockets otherwise.
func (e exposure) expose() error {
	fd, err := openSocketFile(e.path)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		return os.NewSyscallError("fstat", err)
	}
	if e.owner != 0 && stat.Uid != e.owner {
		return errForeignSocket
	}
	if os.Geteuid() != 0 || stat.Mode&0o666 == 0o666 {
		return nil // without root the front door is the same user as the worker
	}
	// As its owner, because root may lack the capability FOWNER.
	return reaper.WithFileIDs(int(stat.Uid), reaper.SameID, func() error { return os.NewSyscallError("chmod", unix.Chmod(descriptorPath(fd), 0o666)) })
}

// openSocketFile finds a socket without following a link. The descriptor stands for the file and nothing else (man 2 open, O_PATH).
func openSocketFile(path string) (fd int, err error) {
	fd, err = unix.Open(path, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("open", err)
	}
	var stat unix.Stat_t
	if err = unix.Fstat(fd, &stat); err == nil && stat.Mode&unix.S_IFMT != unix.S_IFSOCK {
		err = errForeignSocket
	}
	if err != nil {
		_ = unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// descriptorPath is a name for an open file that nobody can put another behind (man 5 proc).
func descriptorPath(fd int) string { return "/proc/self/fd/" + strconv.Itoa(fd) }

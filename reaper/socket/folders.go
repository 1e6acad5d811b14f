package socket

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"percore/reaper"
)

// pathMax is sun_path's 108 bytes less the NUL at its end (man 7 unix).
const pathMax = 107

// Folders is where the workers' unix sockets are: one folder for each worker, which its user may write to, in one
// folder of percore's own. It belongs to one goroutine.
type Folders struct {
	places []string
	base   *base // nil until the first worker has a socket
	slots  int   // how many workers have had one
}

// NewFolders makes nothing yet. Places are tried in their order; nil is /run, /dev/shm and /tmp: with a read-only
// root only /dev/shm is left, which Docker always mounts.
func NewFolders(places []string) *Folders {
	if places == nil {
		places = []string{"/run", "/dev/shm", "/tmp"}
	}
	return &Folders{places: places}
}

// Assign gives a worker the path of its socket, for life. Errors say what to do.
func (f *Folders) Assign(worker string) (path string, err error) {
	if f.base == nil {
		if f.base, err = openBase(f.places); err != nil {
			return "", err
		}
	}
	path = filepath.Join(f.base.path, strconv.Itoa(f.slots), worker+".sock")
	if len(path) > pathMax {
		return "", fmt.Errorf("its path %s has %d bytes and a unix socket's has at most %d: the name has to be shorter",
			path, len(path), pathMax)
	}
	f.slots++
	return path, nil
}

// Clear makes the folder of a socket anew, so that nothing is left in it of the process before. Percore stays its
// owner and the worker's user gets in by its group: a container that may change users often may not chown. A nil
// owner is percore's own user.
func Clear(path string, owner *reaper.Credential) error {
	dir := filepath.Dir(path)
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("clear socket's folder: %w", err)
	}
	gid := reaper.SameID
	if owner != nil {
		gid = int(owner.GID)
	}
	if err := reaper.WithFileIDs(reaper.SameID, gid, func() error { return os.Mkdir(dir, 0o700) }); err != nil {
		return fmt.Errorf("make socket's folder: %w", err)
	}
	// The group may make a socket, every user may connect to it, and none removes what is another's.
	if err := os.Chmod(dir, 0o731|os.ModeSticky); err != nil {
		return fmt.Errorf("open socket's folder: %w", err)
	}
	return nil
}

// Close removes everything.
func (f *Folders) Close() {
	if f.base != nil {
		f.base.remove()
		f.base = nil
	}
}

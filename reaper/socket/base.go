package socket

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// base is the folder of this percore's sockets. Its lock says that its owner lives, also across pid namespaces.
type base struct {
	path string
	lock *os.File
}

const (
	basePrefix = "percore-sockets-"
	// baseTries bounds how often a new folder may be swept away by another percore before its lock is had.
	baseTries = 3
)

var errNoPlace = errors.New("no folder can be written to; mount one, as in docker run --tmpfs /run")

// openBase makes the folder in the first place that takes it, after what dead percores have left there is removed.
func openBase(places []string) (*base, error) {
	errs := []error{errNoPlace}
	for _, place := range places {
		sweepBases(place)
		b, err := newBase(place)
		if err == nil {
			return b, nil
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
}

func newBase(place string) (b *base, err error) {
	for range baseTries {
		path, err := os.MkdirTemp(place, basePrefix)
		if err != nil {
			return nil, err
		}
		if b = lockBase(path); b == nil {
			continue
		}
		if err := b.lock.Chmod(0o711); err != nil { // to be entered, not read
			b.remove()
			return nil, err
		}
		return b, nil
	}
	return nil, fmt.Errorf("lock a folder in %s: another percore is faster each time", place)
}

// lockBase takes hold of a folder of our own user; nil when another percore has it, or it is gone.
func lockBase(path string) *base {
	lock, err := os.OpenFile(path, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil
	}
	b := &base{path: path, lock: lock}
	if unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB) != nil || !b.isThere() {
		_ = lock.Close()
		return nil
	}
	return b
}

// isThere reports whether the path still means the folder that is locked, and that is ours.
func (b *base) isThere() bool {
	ours, err := b.lock.Stat()
	if err != nil {
		return false
	}
	if stat, ok := ours.Sys().(*syscall.Stat_t); !ok || int(stat.Uid) != os.Geteuid() {
		return false // any user may put a folder into /tmp
	}
	there, err := os.Lstat(b.path)
	return err == nil && os.SameFile(ours, there)
}

// remove lets the folder go. What a worker has put there and percore may not remove stays.
func (b *base) remove() {
	_ = os.RemoveAll(b.path)
	_ = b.lock.Close()
}

// sweepBases removes the folders of percores that were killed: a container's layer outlives its processes.
func sweepBases(place string) {
	found, err := filepath.Glob(filepath.Join(place, basePrefix+"*"))
	if err != nil {
		return
	}
	for _, path := range found {
		if b := lockBase(path); b != nil {
			b.remove()
		}
	}
}

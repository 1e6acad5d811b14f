package names

import (
	"errors"
	"io/fs"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"percore/reaper"
)

// The ways in which a file that is not ours is not what it has to be.
var (
	errNotRegular = errors.New("is no regular file")
	errManyNames  = errors.New("has other names as well (hard links)")
	errOwner      = errors.New("belongs to another user than root, the program's and the folder's")
)

// Open opens a file for a user by the rule of this package; nil is percore itself. flag and mode are os.OpenFile's,
// of which O_TRUNC has no place here: it would be too late for the rule. The error is an *fs.PathError.
func Open(path string, flag int, mode fs.FileMode, user *reaper.Credential) (*os.File, error) {
	flag |= unix.O_NONBLOCK | unix.O_CLOEXEC
	p, err := find(path, flag&os.O_CREATE == 0)
	defer p.close()
	var file *os.File
	switch {
	case err == nil && p.ours:
		file, err = p.open(path, flag, mode)
	case differs(user):
		var refused error
		if file, refused = openAs(path, flag, mode, user); mayNot(refused) && err == nil {
			file, refused = p.openStrictly(path, flag, mode, user)
		}
		err = refused
	case err == nil:
		file, err = p.openStrictly(path, flag, mode, user)
	}
	return file, pathError("open", path, err)
}

// Rename moves a file for a user by the rule of this package; nil is percore itself. A link is moved as such. The
// error is an *fs.PathError.
func Rename(from, to string, user *reaper.Credential) error {
	old, err := find(from, false)
	defer old.close()
	fresh, toErr := find(to, false)
	defer fresh.close()
	err = errors.Join(err, toErr)
	if differs(user) && (err != nil || !old.ours || !fresh.ours) {
		refused := reaper.AsUser(user, func() error { return unix.Rename(from, to) })
		if err != nil || !mayNot(refused) {
			return pathError("rename", from, refused)
		}
	}
	if err == nil {
		err = unix.Renameat(old.folder, old.base, fresh.folder, fresh.base)
	}
	return pathError("rename", from, err)
}

// AsOwner does something with names in the folder of path: as the user to whom the way there belongs, if that is
// neither root nor ourselves. It is for what has no other user, such as a listening socket. The function must not
// start goroutines.
func AsOwner(path string, do func() error) error {
	p, _ := find(path, false) // do has its own words about what is not there
	p.close()
	if os.Geteuid() != 0 || own(p.owner.uid) {
		return do()
	}
	began := false
	err := reaper.AsUser(&reaper.Credential{UID: p.owner.uid, GID: p.owner.gid}, func() error {
		began = true
		return do()
	})
	if !began { // a container that may not change users has no worker with another one
		return do()
	}
	return err
}

// differs reports whether there is a user whose rights are others than ours, and whom we can be.
func differs(user *reaper.Credential) bool { return user != nil && user.UID != 0 && os.Geteuid() == 0 }

// mayNot reports whether a user lacks the right to something.
func mayNot(err error) bool { return errors.Is(err, unix.EACCES) || errors.Is(err, unix.EPERM) }

// open trusts the name.
func (p place) open(path string, flag int, mode fs.FileMode) (*os.File, error) {
	fd, err := unix.Openat(p.folder, p.base, flag, uint32(mode.Perm()))
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), path), nil
}

// openAs trusts the name as far as its user may go.
func openAs(path string, flag int, mode fs.FileMode, user *reaper.Credential) (file *os.File, err error) {
	err = reaper.AsUser(user, func() error {
		file, err = os.OpenFile(path, flag, mode)
		return err
	})
	if err != nil {
		return nil, err
	}
	return checked(file, func(stat *unix.Stat_t) error { return isRegular(stat) })
}

// openStrictly trusts the open folder alone.
func (p place) openStrictly(path string, flag int, mode fs.FileMode, user *reaper.Credential) (*os.File, error) {
	file, err := p.open(path, flag|unix.O_NOFOLLOW, mode)
	if errors.Is(err, unix.ELOOP) {
		return nil, errForeignLink
	}
	if err != nil {
		return nil, err
	}
	owners := []uint32{0, uint32(os.Geteuid()), p.keeper}
	if user != nil {
		owners = append(owners, user.UID)
	}
	return checked(file, func(stat *unix.Stat_t) error {
		switch err := isRegular(stat); {
		case err != nil:
			return err
		case stat.Nlink > 1:
			return errManyNames
		case !slices.Contains(owners, stat.Uid):
			return errOwner
		}
		return nil
	})
}

func isRegular(stat *unix.Stat_t) error {
	if stat.Mode&unix.S_IFMT != unix.S_IFREG {
		return errNotRegular
	}
	return nil
}

// checked closes a file that is not what it has to be.
func checked(file *os.File, check func(*unix.Stat_t) error) (*os.File, error) {
	conn, err := file.SyscallConn()
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	var stat unix.Stat_t
	var statErr error
	err = conn.Control(func(fd uintptr) { statErr = unix.Fstat(int(fd), &stat) })
	if err = errors.Join(err, statErr); err == nil {
		err = check(&stat)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// pathError puts the name into an error that does not have it yet.
func pathError(op, path string, err error) error {
	var named *fs.PathError
	if err == nil || errors.As(err, &named) {
		return err
	}
	return &fs.PathError{Op: op, Path: path, Err: err}
}

package names

import (
	"errors"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// place is where a name leads: a folder that is open, so that no other can be put in its stead, and a name in it.
type place struct {
	folder int    // for O_PATH uses; -1 where there is none
	base   string // without a slash
	ours   bool   // by the rule of this package
	owner  ids    // of the first folder on the way that belongs to another user; ours where there is none
	keeper uint32 // the owner of the folder itself
}

// ids are an owner's.
type ids struct{ uid, gid uint32 }

// linksMax is how many symbolic links a name may lead over, as for the kernel (man 7 path_resolution).
const linksMax = 40

// procMagic is a file system whose links lead where no name does, such as /proc/self/fd/1 (man 5 proc).
const procMagic = unix.PROC_SUPER_MAGIC

// errForeignLink ends a walk over what is not ours.
var errForeignLink = errors.New("is a link that another user may have made")

// walk goes a name from folder to folder.
type walk struct {
	place
	rest   string // of the name, from here on
	links  int
	follow bool // the last part too
}

// find walks a name. follow says what a link at its very end means: what it points to, or itself. The caller closes
// the place, also that of an error, which tells as much as was found out.
func find(path string, follow bool) (place, error) {
	if !strings.HasPrefix(path, "/") {
		folder, err := unix.Getwd()
		if err != nil {
			return place{folder: -1}, os.NewSyscallError("getcwd", err)
		}
		path = folder + "/" + path
	}
	ours := ids{uid: uint32(os.Geteuid()), gid: uint32(os.Getegid())}
	w := walk{place: place{folder: -1, ours: true, owner: ours}, rest: path, follow: follow}
	err := w.restart()
	for err == nil && w.base == "" {
		err = w.step()
	}
	return w.place, err
}

// close gives the folder up.
func (p place) close() {
	if p.folder >= 0 {
		_ = unix.Close(p.folder)
	}
}

// restart goes on from the root folder.
func (w *walk) restart() error {
	fd, err := unix.Open("/", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	return w.enter(fd)
}

// enter makes an open folder the present one.
func (w *walk) enter(fd int) error {
	w.close()
	w.folder = fd
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		return err
	}
	if w.keeper = stat.Uid; w.ours && !own(stat.Uid) {
		w.ours, w.owner = false, ids{stat.Uid, stat.Gid}
	}
	return nil
}

// step takes one part of the name.
func (w *walk) step() error {
	part, rest, more := strings.Cut(strings.TrimLeft(w.rest, "/"), "/")
	w.rest = rest
	last := !more || strings.Trim(rest, "/") == ""
	switch {
	case part == "" || last && (part == "." || part == ".."):
		return unix.EISDIR
	case part == ".":
		return nil
	}
	fd, err := unix.Openat(w.folder, part, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil && last { // perhaps it is to be made
		w.ours = w.ours && w.closed()
		w.base = part
		return nil
	}
	if err != nil {
		return err
	}
	var stat unix.Stat_t
	if err = unix.Fstat(fd, &stat); err == nil {
		w.ours = w.ours && (w.closed() || w.sticky() && own(stat.Uid))
		err = w.visit(fd, part, stat.Mode&unix.S_IFMT, last)
	}
	if w.folder != fd {
		_ = unix.Close(fd)
	}
	return err
}

// visit goes by what a part of the name is.
func (w *walk) visit(fd int, part string, kind uint32, last bool) error {
	isLink := kind == unix.S_IFLNK
	switch {
	case last && (!isLink || !w.follow || w.inProc() || !w.ours):
		w.base = part
		return nil
	case isLink && w.ours:
		return w.followLink(fd)
	case isLink:
		return errForeignLink
	case kind != unix.S_IFDIR:
		return unix.ENOTDIR
	}
	return w.enter(fd)
}

// followLink puts what a link says in place of its name.
func (w *walk) followLink(fd int) error {
	target := make([]byte, unix.PathMax)
	n, err := unix.Readlinkat(fd, "", target)
	if err != nil {
		return err
	}
	if w.links++; w.links > linksMax {
		return unix.ELOOP
	}
	w.rest = string(target[:n]) + "/" + w.rest
	if strings.HasPrefix(w.rest, "/") {
		return w.restart()
	}
	return nil
}

// closed reports whether root and ourselves alone can change what is in the folder.
func (w *walk) closed() bool {
	stat, err := w.stat()
	return err == nil && own(stat.Uid) && stat.Mode&0o022 == 0
}

// sticky reports whether each user can change only what is their own in the folder.
func (w *walk) sticky() bool {
	stat, err := w.stat()
	return err == nil && own(stat.Uid) && stat.Mode&unix.S_ISVTX != 0
}

func (w *walk) stat() (stat unix.Stat_t, err error) { return stat, unix.Fstat(w.folder, &stat) }

func (w *walk) inProc() bool {
	var system unix.Statfs_t
	return unix.Fstatfs(w.folder, &system) == nil && system.Type == procMagic
}

// own reports whether a user is one whom PID 1 trusts as itself.
func own(uid uint32) bool { return uid == 0 || int(uid) == os.Geteuid() }

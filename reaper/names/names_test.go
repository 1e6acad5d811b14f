package names_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"percore/reaper"
	"percore/reaper/names"
)

const (
	app      = 65533 // the user that files are for
	stranger = 65532 // somebody else
)

// must is for preparations.
func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// tree makes folders of every kind, each with a file of root's, of the app's and of a stranger's, links to root's,
// and a FIFO.
func tree(t *testing.T) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: another user takes root")
	}
	root := t.TempDir()
	must(t, os.Chmod(filepath.Dir(root), 0o755), os.Chmod(root, 0o755))
	for name, c := range map[string]struct {
		uid  int
		mode os.FileMode
	}{
		"root": {0, 0o755}, "tmp": {0, 0o777 | os.ModeSticky}, "open": {0, 0o777}, "group": {0, 0o775}, "app": {app, 0o755}, "stranger": {stranger, 0o755}, "secret": {0, 0o700},
	} {
		dir := filepath.Join(root, name)
		must(t, os.Mkdir(dir, 0o755), os.WriteFile(dir+"/file", []byte("root's"), 0o600), os.WriteFile(dir+"/app", []byte("app's"), 0o600), os.Chown(dir+"/app", app, app),
			os.WriteFile(dir+"/stranger", []byte("stranger's"), 0o644), os.Chown(dir+"/stranger", stranger, stranger),
			os.Symlink("file", dir+"/link"), os.Symlink(root+"/secret", dir+"/folder"), os.Symlink("app", dir+"/applink"), os.Lchown(dir+"/applink", app, app),
			os.Link(dir+"/file", root+"/"+name+".other"), os.Link(root+"/"+name+".other", dir+"/hard"), os.Remove(root+"/"+name+".other"), unix.Mkfifo(dir+"/fifo", 0o666), os.Symlink("/dev/null", dir+"/device"),
			os.Chown(dir, c.uid, c.uid), os.Chmod(dir, c.mode))
		must(t, os.WriteFile(dir+"/single", []byte("root's"), 0o600))
	}
	return root
}

func TestWhatANameMayLeadTo(t *testing.T) {
	root := tree(t)
	const (
		link   = "is a link that another user may have made"
		hard   = "has other names as well (hard links)"
		fifo   = "is no regular file"
		owner  = "belongs to another user"
		denied = "permission denied"
	)
	for _, c := range []struct{ path, own, user string }{ // what percore gets for itself and for the app: content, or an error
		{"root/single", "root's", "root's"},
		{"root/link", "root's", "root's"},
		{"root/hard", "root's", "root's"},
		{"root/folder/single", "root's", "root's"},
		{"root/applink", "app's", "app's"}, // only root can have put it there
		{"root/device", "", ""},
		{"root/fifo", "", ""}, // nothing there: it does not wait for a writer
		{"root/nothing", "no such file", "no such file"},
		{"root/nothing/file", "no such file", "no such file"},
		{"root/single/file", "not a directory", "not a directory"},
		{"root", "", ""},
		{"root/..", "is a directory", fifo},
		{"root/../root/./single", "root's", "root's"},
		{"tmp/single", "root's", "root's"},
		{"tmp/link", "root's", "root's"}, // the link is root's, and nobody else can put another there
		{"tmp/applink", link, "app's"},
		{"tmp/app", owner, "app's"},
		{"tmp/stranger", owner, "stranger's"}, // with the app's own rights
		{"open/single", "root's", "root's"},
		{"open/link", link, link},
		{"open/folder/single", link, denied},
		{"open/app", owner, "app's"},
		{"open/fifo", fifo, fifo},
		{"group/single", "root's", "root's"},
		{"group/link", link, link},
		{"app/single", "root's", "root's"}, // from a time when percore opened it itself
		{"app/app", "app's", "app's"},
		{"app/link", link, link},
		{"app/applink", link, "app's"},
		{"app/hard", hard, hard},
		{"app/folder/single", link, denied},
		{"app/fifo", fifo, fifo},
		{"app/device", link, fifo},
		{"app/stranger", owner, "stranger's"},
		{"stranger/single", "root's", "root's"},
		{"stranger/stranger", "stranger's", "stranger's"},
		{"stranger/hard", hard, hard},
	} {
		for user, want := range map[*reaper.Credential]string{nil: c.own, {UID: app, GID: app}: c.user} {
			got, err := content(root+"/"+c.path, user)
			if err != nil {
				got = err.Error()
			}
			if got != want && (err == nil || want == "" || !strings.Contains(got, want)) {
				t.Errorf("%s for %v: got %q, want %q", c.path, user, got, want)
			}
			if named := (*fs.PathError)(nil); err != nil && (!errors.As(err, &named) || strings.Count(got, root) != 1) {
				t.Errorf("%s: got error %q, want one that names the file once", c.path, got)
			}
		}
	}
}

func content(path string, user *reaper.Credential) (string, error) {
	file, err := names.Open(path, os.O_RDONLY, 0, user)
	if err != nil {
		return "", err
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return "", err
	}
	var buf [100]byte
	n, err := file.Read(buf[:])
	return string(buf[:n]), err
}

func TestARelativeNameBeginsInTheWorkingDirectory(t *testing.T) {
	t.Chdir(t.TempDir())
	must(t, os.WriteFile("file", []byte("here"), 0o600))
	if got, err := content("./file", nil); got != "here" || err != nil {
		t.Errorf("got %q, %v, want what is there", got, err)
	}
}

func TestLinksInACircleEnd(t *testing.T) {
	dir := t.TempDir()
	must(t, os.Symlink("b", dir+"/a"), os.Symlink("a", dir+"/b"))
	if _, err := names.Open(dir+"/a", os.O_RDONLY, 0, nil); !errors.Is(err, unix.ELOOP) {
		t.Errorf("got %v, want ELOOP", err)
	}
}

// /dev/stdout is a link to a link that no name can stand for.
func TestAStreamOfTheProcessIsOpenedByItsName(t *testing.T) {
	reader, writer, err := os.Pipe()
	must(t, err)
	defer reader.Close()
	defer writer.Close()
	file, err := names.Open("/proc/self/fd/"+fdOf(t, writer), os.O_WRONLY, 0, nil)
	must(t, err)
	_, err = file.WriteString("x")
	must(t, err, file.Close())
	if n, err := reader.Read(make([]byte, 2)); n != 1 || err != nil {
		t.Errorf("got %d bytes, %v, want one", n, err)
	}
}

func fdOf(t *testing.T, f *os.File) string {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	must(t, err)
	want, err := f.Stat()
	must(t, err)
	for _, e := range entries {
		if info, err := os.Stat("/proc/self/fd/" + e.Name()); err == nil && os.SameFile(info, want) {
			return e.Name()
		}
	}
	t.Fatal("no descriptor")
	return ""
}

func TestAFileIsMadeAsTheUserWhereTheFolderIsNotRoots(t *testing.T) {
	root := tree(t)
	for folder, want := range map[string]uint32{"root": 0, "tmp": app, "open": app, "group": 0, "app": app, "stranger": 0} {
		file, err := names.Open(root+"/"+folder+"/new", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600, &reaper.Credential{UID: app, GID: app})
		if err != nil {
			t.Errorf("%s: %v", folder, err)
			continue
		}
		info, err := file.Stat()
		must(t, err, file.Close())
		if got := info.Sys().(*syscall.Stat_t).Uid; got != want {
			t.Errorf("%s: got a file of %d, want one of %d", folder, got, want)
		}
	}
}

// A group is as good as a name, and root's groups are not the app's.
func TestAUserHasHisGroupsAndNoOthers(t *testing.T) {
	root := tree(t)
	dir := filepath.Join(root, "shared")
	must(t, os.Mkdir(dir, 0o755), os.Chown(dir, stranger, 4242), os.Chmod(dir, 0o770))
	for _, c := range []struct {
		groups []uint32
		want   uint32
	}{{[]uint32{app, 4242}, app}, {nil, 0}} {
		path := filepath.Join(dir, "new")
		file, err := names.Open(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600, &reaper.Credential{UID: app, GID: app, Groups: c.groups})
		must(t, err)
		info, err := file.Stat()
		must(t, err, file.Close(), os.Remove(path))
		if got := info.Sys().(*syscall.Stat_t).Uid; got != c.want {
			t.Errorf("groups %v: got a file of %d, want one of %d", c.groups, got, c.want)
		}
	}
	if groups, err := unix.Getgroups(); err != nil || len(groups) > 0 && groups[0] == 4242 {
		t.Errorf("groups afterwards: got %v, %v", groups, err)
	}
}

func TestRenameMovesNothingOfRoots(t *testing.T) {
	for _, c := range []struct{ folder, name, victim string }{
		{"app/folder", "file", "secret/file"},   // a link in the way
		{"open/folder", "file", "secret/file"},  // the same where everybody may write
		{"tmp/applink", "..", "tmp/app"},        // nonsense
		{"stranger/folder", "x", "secret/file"}, // nothing to move
	} {
		root := tree(t)
		for _, user := range []*reaper.Credential{nil, {UID: app, GID: app}} {
			if err := names.Rename(root+"/"+c.folder+"/"+c.name, root+"/"+c.folder+"/moved", user); err == nil {
				t.Errorf("%s: got it moved", c.folder)
			}
			if _, err := os.Lstat(root + "/" + c.victim); err != nil {
				t.Errorf("%s: got %v, want the file where it was", c.victim, err)
			}
		}
	}
	root := tree(t)
	for _, folder := range []string{"root", "tmp", "open", "group", "app", "stranger"} {
		for name, user := range map[string]*reaper.Credential{"single": nil, "app": {UID: app, GID: app}, "link": {UID: app, GID: app}} {
			path := root + "/" + folder + "/" + name
			must(t, names.Rename(path, path+".1", user))
			if _, err := os.Lstat(path + ".1"); err != nil {
				t.Error(err)
			}
		}
	}
}

// A program's user may have its logs elsewhere by a link of its own, as ever; percore itself does not follow that.
func TestRenameGoesWhereTheUserMayGo(t *testing.T) {
	dir, user := tree(t)+"/app", &reaper.Credential{UID: app, GID: app}
	must(t, os.Mkdir(dir+"/real", 0o755), os.WriteFile(dir+"/real/log", nil, 0o644), os.Symlink("real", dir+"/way"))
	for _, name := range []string{"/real", "/real/log", "/way"} {
		must(t, os.Lchown(dir+name, app, app))
	}
	if err := names.Rename(dir+"/way/log", dir+"/way/log.1", nil); err == nil {
		t.Error("percore itself: got it moved")
	}
	must(t, names.Rename(dir+"/way/log", dir+"/way/log.1", user))
	if _, err := os.Stat(dir + "/real/log.1"); err != nil {
		t.Error(err)
	}
}

func TestWhatHasNoUserIsDoneAsTheFoldersOwner(t *testing.T) {
	root := tree(t)
	for folder, want := range map[string]uint32{"root": 0, "tmp": 0, "open": 0, "app": app, "stranger": stranger} {
		path := root + "/" + folder + "/made"
		must(t, names.AsOwner(path, func() error { return os.Mkdir(path, 0o700) }))
		info, err := os.Stat(path)
		must(t, err)
		if got := info.Sys().(*syscall.Stat_t).Uid; got != want {
			t.Errorf("%s: got %d's, want %d's", folder, got, want)
		}
	}
	path := root + "/app/folder/made" // a link to root's folder
	if err := names.AsOwner(path, func() error { return os.Mkdir(path, 0o700) }); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("over a link: got %v, want permission denied", err)
	}
	if err := names.AsOwner(root+"/root/nothing/made", func() error { return unix.ENOENT }); !errors.Is(err, unix.ENOENT) {
		t.Errorf("no folder: got %v, want what the function says", err)
	}
}

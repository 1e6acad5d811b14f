package names

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"percore/reaper"
)

// app is a user that files are for.
const app = 65533

// must is for preparations.
func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// house has a folder of root's, one that everybody may write to, and one of the app's with a folder in it.
func house(t *testing.T) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: another user takes root")
	}
	root := t.TempDir()
	must(t, os.Chmod(filepath.Dir(root), 0o755), os.Chmod(root, 0o755))
	for _, name := range []string{"root", "open", "app", "app/inner"} {
		must(t, os.Mkdir(filepath.Join(root, name), 0o755), os.WriteFile(filepath.Join(root, name, "file"), nil, 0o600))
	}
	must(t, os.Chmod(root+"/open", 0o777), os.Chown(root+"/app", app, app+1),
		os.Symlink("../app/file", root+"/root/link"), os.Symlink(root+"/root", root+"/root/folder"), os.Symlink("file", root+"/app/link"))
	return root
}

func TestAPlaceIsAFolderAndANameInIt(t *testing.T) {
	root := house(t)
	for _, c := range []struct {
		path   string
		follow bool
		want   string // folder and name, whether it is ours, the owner of the way
	}{
		{"root/file", true, "root file ours 0:0"},
		{"root//./file", true, "root file ours 0:0"},
		{"root/../root/file", true, "root file ours 0:0"},
		{"root/file/", true, "root file ours 0:0"},
		{"root/none", true, "root none ours 0:0"},
		{"root/link", false, "root link ours 0:0"},
		{"root/link", true, fmt.Sprintf("app file theirs %d:%d", app, app+1)},
		{"root/folder/file", false, "root file ours 0:0"},
		{"open/file", true, "open file theirs 0:0"}, // the folder is root's, and what is in it may be anybody's
		{"open/none", true, "open none theirs 0:0"},
		{"app/file", true, fmt.Sprintf("app file theirs %d:%d", app, app+1)},
		{"app/link", true, fmt.Sprintf("app link theirs %d:%d", app, app+1)}, // it is not followed
		{"app/inner/file", true, fmt.Sprintf("app/inner file theirs %d:%d", app, app+1)},
	} {
		p, err := find(root+"/"+c.path, c.follow)
		if err != nil {
			t.Errorf("%s: %v", c.path, err)
			continue
		}
		folder, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", p.folder))
		must(t, err)
		whose := map[bool]string{true: "ours", false: "theirs"}[p.ours]
		got := fmt.Sprintf("%s %s %s %d:%d", strings.TrimPrefix(folder, root+"/"), p.base, whose, p.owner.uid, p.owner.gid)
		if got != c.want {
			t.Errorf("%s, follow %v: got %q, want %q", c.path, c.follow, got, c.want)
		}
		p.close()
	}
}

func TestAWayThatLeadsNowhereIsAnError(t *testing.T) {
	root := house(t)
	must(t, os.Symlink("loop", root+"/root/loop"))
	for path, want := range map[string]error{
		"root/none/file": unix.ENOENT,
		"root/file/x":    unix.ENOTDIR,
		"root/loop":      unix.ELOOP,
		"root/loop/x":    unix.ELOOP,
		"app/link/x":     errForeignLink,
		"..":             unix.EISDIR,
		".":              unix.EISDIR,
	} {
		p, err := find(root+"/"+path, true)
		if !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", path, err, want)
		}
		p.close()
	}
	if p, err := find("/", true); !errors.Is(err, unix.EISDIR) {
		t.Errorf("the root folder: got %+v and %v, want EISDIR", p, err)
	}
}

// descriptors counts this process's, without the one that is counted with.
func descriptors(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	must(t, err)
	return len(list) - 1
}

func TestNoDescriptorIsLeftBehind(t *testing.T) {
	root := house(t)
	before := descriptors(t)
	user := &reaper.Credential{UID: app, GID: app}
	for _, path := range []string{"root/file", "root/link", "root/folder/file", "root/none/x", "app/link/x", "app/file", "open/none", "root/file/x"} {
		for _, who := range []*reaper.Credential{nil, user} {
			if file, err := Open(root+"/"+path, os.O_RDONLY, 0, who); err == nil {
				must(t, file.Close())
			}
			_ = Rename(root+"/"+path, root+"/none/x", who)
			_ = AsOwner(root+"/"+path, func() error { return nil })
		}
	}
	if after := descriptors(t); after > before {
		t.Errorf("got %d descriptors, want the %d from before", after, before)
	}
}

// TestALinkThatComesAndGoesLeadsNowhere is the attack itself: the app flips its file and a link to root's as fast as it can, while
// root opens the name again and again, for itself and for the app.
func TestALinkThatComesAndGoesLeadsNowhere(t *testing.T) {
	root := house(t)
	secret, name := root+"/root/secret", root+"/app/log"
	must(t, os.WriteFile(secret, []byte("root's"), 0o600), os.WriteFile(root+"/app/plain", nil, 0o600), os.Chown(root+"/app/plain", app, app),
		os.Symlink(secret, root+"/app/trap"))
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default: // rename(2) puts one in the other's place without a moment between
				_ = os.Link(root+"/app/plain", root+"/app/next")
				_ = os.Rename(root+"/app/next", name)
				_ = os.Symlink(secret, root+"/app/next")
				_ = os.Rename(root+"/app/next", name)
			}
		}
	}()
	defer func() { close(stop); <-stopped }()
	want, err := os.Stat(secret)
	must(t, err)
	opened := 0
	for until := time.Now().Add(200 * time.Millisecond); time.Now().Before(until); {
		for _, user := range []*reaper.Credential{nil, {UID: app, GID: app}} {
			file, err := Open(name, os.O_RDWR, 0, user)
			if err != nil {
				continue
			}
			opened++
			if got, err := file.Stat(); err != nil || os.SameFile(got, want) {
				t.Fatalf("for %v: got root's file (%v)", user, err)
			}
			must(t, file.Close())
		}
	}
	t.Logf("opened %d times", opened)
}

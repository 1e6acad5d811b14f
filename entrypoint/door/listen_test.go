package door

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"percore/entrypoint/config/value"
	"percore/entrypoint/control"
	"percore/lbproxy/socket"
)

// appUser owns a folder in which root is to listen.
const appUser = 65533

// appFolder is a folder of the user, and beside it one of root's with a socket that nobody listens on any more.
func appFolder(t *testing.T) (folder, stale string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: another user takes root")
	}
	root := t.TempDir()
	folder = filepath.Join(root, "app")
	stale = filepath.Join(root, "root", "s")
	err := errors.Join(
		os.Chmod(filepath.Dir(root), 0o755), os.Chmod(root, 0o755), os.Mkdir(folder, 0o755),
		os.Chown(folder, appUser, appUser), os.Mkdir(filepath.Dir(stale), 0o755),
	)
	if err != nil {
		t.Fatal(err)
	}
	left, err := net.ListenUnix("unix", &net.UnixAddr{Name: stale})
	if err != nil {
		t.Fatal(err)
	}
	left.SetUnlinkOnClose(false)
	left.Close()
	return folder, stale
}

// listenersOfRoot are the sockets that PID 1 opens at names that users choose.
var listenersOfRoot = map[string]func(path string) (close func(), err error){
	"public": func(path string) (func(), error) {
		ls, err := Listen(value.Address{Path: path}, 1)
		return func() { socket.CloseListeners(ls) }, err
	},
	"control": func(path string) (func(), error) {
		l, err := control.Listen(control.Place(path))
		return func() { _ = l.Close() }, err
	},
}

func TestASocketInAUsersFolderIsMadeAsThatUser(t *testing.T) {
	for name, listen := range listenersOfRoot {
		folder, _ := appFolder(t)
		path := filepath.Join(folder, "s")
		end, err := listen(path)
		if err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || info.Sys().(*syscall.Stat_t).Uid != appUser {
			t.Errorf("%s: got %v, %v, want the user's", name, info, err)
		}
		if conn, err := net.Dial("unix", path); err != nil {
			t.Errorf("%s: dial: %v", name, err)
		} else {
			conn.Close()
		}
		end()
	}
}

func TestASocketsFolderThatIsALinkLeadsNowhere(t *testing.T) {
	for name, listen := range listenersOfRoot {
		folder, stale := appFolder(t)
		before, err := os.Lstat(stale)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(filepath.Dir(stale), filepath.Join(folder, "run")); err != nil {
			t.Fatal(err)
		}
		if end, err := listen(filepath.Join(folder, "run", "s")); err == nil {
			end()
			t.Errorf("%s: got it opened in root's folder", name)
		}
		if after, err := os.Lstat(stale); err != nil || !os.SameFile(before, after) || after.Mode() != before.Mode() {
			t.Errorf("%s: root's socket: got %v, %v, want it as it was", name, after, err)
		}
	}
}

package socket

import (
	"net"
	"os"
	"path/filepath"
	"testing"
)

// bindAt makes a socket that nobody accepts from, as a dead server leaves it.
func bindAt(t *testing.T, path string) {
	t.Helper()
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	listener.SetUnlinkOnClose(false)
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
}

// shortDir is for sockets: t.TempDir has the test's name in it, and a socket's path is short.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "s")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func TestTheFoldersOfDeadPercoresAreSwept(t *testing.T) {
	place := shortDir(t)
	alive, err := openBase([]string{place})
	if err != nil {
		t.Fatal(err)
	}
	dead, err := openBase([]string{place})
	if err != nil {
		t.Fatal(err)
	}
	_ = dead.lock.Close() // as the kernel does when its owner is killed
	foreign := filepath.Join(place, "percore-other")
	if err := os.Mkdir(foreign, 0o755); err != nil {
		t.Fatal(err)
	}
	next, err := openBase([]string{place})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{alive.path: true, dead.path: false, next.path: true, foreign: true} {
		if _, err := os.Lstat(path); (err == nil) != want {
			t.Errorf("%s: got %v, want it there: %v", path, err, want)
		}
	}
	alive.remove()
	next.remove()
}

func TestOnlyTheWorkersOwnSocketIsOpenedToAll(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: other users' files take root")
	}
	const owner = 1000
	for name, c := range map[string]struct {
		plant  func(t *testing.T, path string)
		opened bool
	}{
		"its socket": {func(t *testing.T, path string) {
			bindAt(t, path)
			if err := os.Chown(path, owner, owner); err != nil {
				t.Fatal(err)
			}
		}, true},
		"root's socket, linked hard": {func(t *testing.T, path string) {
			bindAt(t, path+".root")
			if err := os.Link(path+".root", path); err != nil {
				t.Fatal(err)
			}
		}, false},
		"a symbolic link to a socket": {func(t *testing.T, path string) {
			bindAt(t, path+".root")
			if err := os.Symlink(path+".root", path); err != nil {
				t.Fatal(err)
			}
		}, false},
		"a file": {func(t *testing.T, path string) {
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}, false},
		"nothing": {func(*testing.T, string) {}, false},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(shortDir(t), "w.sock")
			c.plant(t, path)
			_ = os.Chmod(path, 0o600)
			err := Exposure{Path: path, Owner: owner}.Expose()
			if (err == nil) != c.opened {
				t.Errorf("got %v, want success: %v", err, c.opened)
			}
			if info, err := os.Stat(path); err == nil && (info.Mode().Perm() == 0o666) != c.opened {
				t.Errorf("got mode %v, want it open: %v", info.Mode(), c.opened)
			}
		})
	}
}

package socket

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"percore/internal/trial"
)

func TestTheFoldersOfDeadPercoresAreSwept(t *testing.T) {
	place := trial.SocketDir(t)
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

func TestEveryPlaceThatTakesNoFolderIsNamed(t *testing.T) {
	places := []string{"/proc/none", "/dev/null"}
	b, err := openBase(places)
	if b != nil || !errors.Is(err, errNoPlace) {
		t.Fatalf("got %+v and %v, want %v", b, err, errNoPlace)
	}
	for _, place := range places {
		if !strings.Contains(err.Error(), place) {
			t.Errorf("got %q, want %s in it", err, place)
		}
	}
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
			trial.LeaveSocket(t, path)
			if err := os.Chown(path, owner, owner); err != nil {
				t.Fatal(err)
			}
		}, true},
		"root's socket, linked hard": {func(t *testing.T, path string) {
			trial.LeaveSocket(t, path+".root")
			if err := os.Link(path+".root", path); err != nil {
				t.Fatal(err)
			}
		}, false},
		"a symbolic link to a socket": {func(t *testing.T, path string) {
			trial.LeaveSocket(t, path+".root")
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
			path := filepath.Join(trial.SocketDir(t), "w.sock")
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

// TestWhatIsNotOursIsNotSwept has the names of other folders look like those of dead percores.
func TestWhatIsNotOursIsNotSwept(t *testing.T) {
	place, elsewhere := trial.SocketDir(t), trial.SocketDir(t)
	link, file := filepath.Join(place, basePrefix+"link"), filepath.Join(place, basePrefix+"file")
	kept := filepath.Join(elsewhere, "kept")
	for _, err := range []error{os.WriteFile(kept, nil, 0o600), os.Symlink(elsewhere, link), os.WriteFile(file, nil, 0o600)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	names := []string{link, file, kept}
	if os.Geteuid() == 0 {
		foreign := filepath.Join(place, basePrefix+"foreign")
		if err := os.Mkdir(foreign, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(foreign, 1000, 1000); err != nil {
			t.Fatal(err)
		}
		names = append(names, foreign)
	}
	sweepBases(place)
	for _, name := range names {
		if _, err := os.Lstat(name); err != nil {
			t.Errorf("%s: got %v, want it left alone", name, err)
		}
	}
}

func TestASocketIsConnectedToButNoLinkAndNoFile(t *testing.T) {
	dir := trial.SocketDir(t)
	path := filepath.Join(dir, "w.sock")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	link, file, dead := filepath.Join(dir, "link"), filepath.Join(dir, "file"), filepath.Join(dir, "dead.sock")
	if err := errors.Join(os.Symlink(path, link), os.WriteFile(file, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	trial.LeaveSocket(t, dead)
	for name, c := range map[string]struct {
		path string
		want error // nil is a connection
	}{
		"a socket":                {path, nil},
		"a link to it":            {link, errForeign},
		"a file":                  {file, errForeign},
		"a socket without server": {dead, syscall.ECONNREFUSED},
		"nothing":                 {filepath.Join(dir, "none"), os.ErrNotExist},
	} {
		conn, err := Dial(t.Context(), c.path)
		if (err == nil) != (c.want == nil) || !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
		if conn != nil {
			conn.Close()
		}
	}
}

func TestDialEndsWithItsContext(t *testing.T) {
	path := filepath.Join(trial.SocketDir(t), "w.sock")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if conn, err := Dial(ctx, path); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v and %v, want no connection", conn, err)
	}
}

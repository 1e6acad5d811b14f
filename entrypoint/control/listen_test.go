package control_test

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"percore/entrypoint/control"
)

func TestTheSocketIsForItsOwnerAloneAndGoesWithItsServer(t *testing.T) {
	place := socketIn(t)
	t.Run("while it serves", func(t *testing.T) {
		serve(t, place, echo)
		info, err := os.Lstat(string(place))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := info.Mode(), fs.ModeSocket|0o600; got != want {
			t.Errorf("mode: got %v, want %v", got, want)
		}
		wellServed(t, place)
		others, err := filepath.Glob(filepath.Dir(string(place)) + "/*")
		if err != nil || len(others) != 1 {
			t.Errorf("files: got %q and error %v, want the socket alone", others, err)
		}
	})
	if _, err := os.Lstat(string(place)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after the end: got error %v, want that it does not exist", err)
	}
}

func TestWhoHasThePlaceAlready(t *testing.T) {
	for name, c := range map[string]struct {
		before func(t *testing.T, path string)
		err    string
	}{
		"nobody": {before: func(*testing.T, string) {}},
		"a socket whose percore was killed is taken over": {before: func(t *testing.T, path string) {
			l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
			if err != nil {
				t.Fatal(err)
			}
			l.SetUnlinkOnClose(false)
			_ = l.Close()
		}},
		"a percore that lives keeps it": {err: "another percore", before: func(t *testing.T, path string) {
			serve(t, control.Place(path), echo)
		}},
		"a file that is no socket is not deleted": {err: "no socket", before: func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
				t.Fatal(err)
			}
		}},
		"a folder that is not there": {err: "no such file", before: func(t *testing.T, path string) {
			if err := os.Remove(filepath.Dir(path)); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			place := control.Place(filepath.Join(t.TempDir(), "d", "s"))
			if err := os.Mkdir(filepath.Dir(string(place)), 0o700); err != nil {
				t.Fatal(err)
			}
			c.before(t, string(place))
			if c.err == "" {
				serve(t, place, echo)
				wellServed(t, place)
				return
			}
			if l, err := control.Listen(place); err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("got %v and error %v, want an error with %q", l, err, c.err)
			}
		})
	}
}

func TestALateEndLeavesTheSuccessorsSocket(t *testing.T) {
	place := socketIn(t)
	first, err := control.Listen(place)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(string(place)); err != nil { // an administrator tidies up
		t.Fatal(err)
	}
	serve(t, place, echo)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	wellServed(t, place)
}

func TestAnAbstractSocketNeedsNoFolder(t *testing.T) {
	place := control.Place("@percore-test-" + filepath.Base(t.TempDir()) + t.Name())
	serve(t, place, echo)
	wellServed(t, place)
}

func TestTheClientFindsThePrivatePlace(t *testing.T) {
	place := control.PrivatePlace()
	serve(t, place, echo)
	for name, c := range map[string]struct {
		pid1 string // more lines of /proc/net/unix
		want string
	}{
		"among the sockets of others":       {pid1: "0: 2 0 10000 1 1 5 /run/x.sock\n0: 2 0 10000 1 1 5\n"},
		"beside one that no percore serves": {pid1: "0: 2 0 10000 1 1 5 " + strings.TrimSuffix(string(control.PrivatePrefix()), "-") + "-1-00\n"},
		"beside one of another namespace":   {pid1: "0: 2 0 10000 1 1 5 @percore-1-1-00\n"},
		"beside a name that is none of us":  {pid1: "0: 2 0 10000 1 1 5 " + control.PrivatePrefix() + "x-00\n"},
	} {
		t.Run(name, func(t *testing.T) {
			proc := procWith(t, c.pid1+"0: 2 0 10000 1 1 5 "+string(place)+"\n")
			conn, err := control.DialPrivate(proc, fs.ErrNotExist)
			if err != nil {
				t.Fatal(err)
			}
			conn.Close()
			if conn.Server != os.Getpid() {
				t.Errorf("server: got pid %d, want %d", conn.Server, os.Getpid())
			}
		})
	}
	t.Run("nowhere", func(t *testing.T) {
		if _, err := control.DialPrivate(procWith(t, ""), fs.ErrNotExist); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("got error %v, want the one of the first place", err)
		}
	})
}

func TestSeveralPercoresAreNotGuessedAmong(t *testing.T) {
	one, two := control.PrivatePlace(), control.PrivatePlace()
	serve(t, one, echo)
	serve(t, two, echo)
	proc := procWith(t, "0: 2 0 10000 1 1 5 "+string(one)+"\n0: 2 0 10000 1 1 5 "+string(two)+"\n")
	_, err := control.DialPrivate(proc, fs.ErrNotExist)
	if err == nil || !strings.Contains(err.Error(), string(one)) || !strings.Contains(err.Error(), "PERCORE_CONTROL") {
		t.Errorf("got error %v, want one that names them", err)
	}
}

func TestWhoChangesSomethingMustNotGuess(t *testing.T) {
	nowhere, path := control.Place("/nowhere/s"), socketIn(t)
	one, two, dead := control.PrivatePlace(), control.PrivatePlace(), control.PrivatePlace()
	serve(t, path, echo)
	serve(t, one, echo)
	serve(t, two, echo)
	for name, c := range map[string]struct {
		first    control.Place
		private  []control.Place
		want     []string // what the error names; none: it connects
		notThere bool
	}{
		"the only one, at the usual place":    {first: path},
		"the only one, at a place of its own": {first: nowhere, private: []control.Place{one}},
		"beside one that is gone":             {first: path, private: []control.Place{dead}},
		"one at the usual place and another":  {first: path, private: []control.Place{one}, want: []string{string(path), string(one)}},
		"two without the usual place": {
			first: nowhere, private: []control.Place{one, two}, want: []string{string(one), string(two)},
		},
		"none, which is told as with one's wish": {first: nowhere, notThere: true},
	} {
		t.Run(name, func(t *testing.T) {
			lines := ""
			for _, place := range c.private {
				lines += "0: 2 0 10000 1 1 5 " + string(place) + "\n"
			}
			conn, err := control.DialOnly(c.first, procWith(t, lines))
			switch {
			case err == nil:
				conn.Close()
				if c.want != nil || c.notThere {
					t.Errorf("got a connection, want an error that names %q", c.want)
				}
			case c.notThere != errors.Is(err, fs.ErrNotExist):
				t.Errorf("got error %v, want that none is there: %t", err, c.notThere)
			case !c.notThere && c.want == nil:
				t.Errorf("got error %v, want a connection", err)
			}
			for _, place := range c.want {
				if !strings.Contains(err.Error(), "\n  PERCORE_CONTROL="+place+"   pid "+strconv.Itoa(os.Getpid())) {
					t.Errorf("got error %v, want it to name %s and whose it is", err, place)
				}
			}
		})
	}
}

// procWith is a /proc whose list of unix sockets has these lines.
func procWith(t *testing.T, lines string) fs.FS {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "net"), 0o700); err != nil {
		t.Fatal(err)
	}
	text := "Num       RefCount Protocol Flags    Type St Inode Path\n" + lines
	if err := os.WriteFile(filepath.Join(dir, "net/unix"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return os.DirFS(dir)
}

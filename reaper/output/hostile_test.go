package output

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"percore/reaper"
)

// hostileWorker is a user who is not root, with a folder of his own, where root's log file goes.
const hostileWorker = 65533

// hostileWorld is that folder and a file of root's that the worker may neither read nor write.
type hostileWorld struct{ folder, log, secret string }

const secretText = "root's own\n"

func newHostileWorld(t *testing.T) hostileWorld {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: another user takes root")
	}
	root := t.TempDir()
	w := hostileWorld{folder: filepath.Join(root, "app", "logs"), secret: filepath.Join(root, "secret", "log")}
	w.log = filepath.Join(w.folder, "log")
	for _, err := range []error{
		os.Chmod(filepath.Dir(root), 0o755), os.Chmod(root, 0o755), os.MkdirAll(w.folder, 0o755), os.Mkdir(filepath.Dir(w.secret), 0o755),
		os.Chown(w.folder, hostileWorker, hostileWorker), os.Chown(filepath.Dir(w.folder), hostileWorker, hostileWorker),
		os.WriteFile(w.secret, []byte(secretText), 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// rootLog is a log in a folder of root's.
func (w hostileWorld) rootLog() string { return filepath.Join(w.folder, "..", "..", "log") }

// does is what the worker does in the middle of the night.
func (w hostileWorld) does(t *testing.T, act func() error) {
	t.Helper()
	if err := reaper.WithFileIDs(hostileWorker, hostileWorker, act); err != nil {
		t.Fatal(err)
	}
}

// link replaces the log by a link to root's file.
func (w hostileWorld) link() error { return errors.Join(remove(w.log), os.Symlink(w.secret, w.log)) }

// hardlink is refused by kernels with fs.protected_hardlinks: root does it.
func (w hostileWorld) hardlink() error { return errors.Join(remove(w.log), os.Link(w.secret, w.log)) }

func (w hostileWorld) fifo() error { return errors.Join(remove(w.log), unix.Mkfifo(w.log, 0o666)) }

func remove(path string) error {
	if err := os.Remove(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// isSafe is what all attacks come to.
func (w hostileWorld) isSafe(t *testing.T) {
	t.Helper()
	content, err := os.ReadFile(w.secret)
	if got := fmt.Sprintf("%q %v", content, err); got != fmt.Sprintf("%q <nil>", secretText) {
		t.Errorf("root's file: got %s, want it as it was", got)
	}
	info, err := os.Stat(w.secret)
	if err != nil || info.Mode() != 0o600 || info.Sys().(*syscall.Stat_t).Uid != 0 {
		t.Errorf("root's file: got %v, %v, want root's and its mode", info, err)
	}
}

// logs are the worker's log as its own user and, for a worker without one, as root.
func (w hostileWorld) logs(bytesMax int64, backups int) map[string]*File {
	own := newLogFile(w.log, bytesMax, backups)
	own.owner = &reaper.Credential{UID: hostileWorker, GID: hostileWorker}
	return map[string]*File{"a worker with a user": own, "a folder of another user": newLogFile(w.log, bytesMax, backups)}
}

func within(t *testing.T, what string, act func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); act() }()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal(what, "hangs")
	}
}

func TestALogThatAWorkerReplacedReachesNoFileOfRoots(t *testing.T) {
	for name, attack := range map[string]struct {
		before, between func(w hostileWorld) error
	}{
		"a link from the start on":          {before: hostileWorld.link},
		"a link before a reopening":         {between: hostileWorld.link},
		"a hard link from the start on":     {before: hostileWorld.hardlink},
		"a hard link before a reopening":    {between: hostileWorld.hardlink},
		"a FIFO from the start on":          {before: hostileWorld.fifo},
		"a FIFO before a reopening":         {between: hostileWorld.fifo},
		"the folder becomes a link, before": {before: hostileWorld.swapFolder},
		"the folder becomes a link, later":  {between: hostileWorld.swapFolder},
	} {
		for whose := range newHostileWorld(t).logs(0, 0) {
			t.Run(name+", "+whose, func(t *testing.T) {
				w := newHostileWorld(t)
				if attack.before != nil && attack.before(w) != nil {
					t.Skip("SKIPPED: the kernel does not let it happen")
				}
				file := w.logs(20, 2)[whose]
				within(t, "a log", func() {
					_, _ = file.Write([]byte("first line\n"))
					if attack.between != nil {
						if err := attack.between(w); err != nil {
							t.Error(err)
						}
					}
					_ = file.Reopen()
					for range 6 { // and so it rotates
						_, _ = file.Write([]byte("another line\n"))
					}
					if data, _, _, _ := file.Read(-1000, 1000); string(data) == secretText {
						t.Error("tail: got root's file")
					}
					_ = file.Clear()
				})
				w.isSafe(t)
			})
		}
	}
}

// swapFolder makes the log's folder a link to root's, where a file has the log's name.
func (w hostileWorld) swapFolder() error {
	return errors.Join(os.Rename(w.folder, w.folder+".old"), os.Symlink(filepath.Dir(w.secret), w.folder))
}

func TestARotationMovesAndReadsOnlyWhatTheWorkerMay(t *testing.T) {
	for whose := range newHostileWorld(t).logs(0, 0) {
		t.Run(whose, func(t *testing.T) {
			w := newHostileWorld(t)
			file := w.logs(8, 2)[whose]
			w.does(t, func() error { return os.Symlink(w.secret, w.log+".1") })
			if _, err := file.Write([]byte("a line\n")); err != nil {
				t.Fatal(err)
			}
			w.does(t, w.link) // in the moment before the rotation
			_, _ = file.Write([]byte("a line\n"))
			if data, _, _, _ := file.Read(0, 1000); string(data) == secretText {
				t.Error("tail: got root's file by way of a backup")
			}
			w.isSafe(t)
		})
	}
}

// A log that works: what is made for the attacks must not keep anybody from logging.
func TestALogIsWrittenWhereverItWasBefore(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(w hostileWorld) error
		path    func(w hostileWorld) string
		owner   uint32
	}{
		"in the worker's folder":                  {owner: hostileWorker},
		"in the worker's folder, with root's log": {prepare: func(w hostileWorld) error { return os.WriteFile(w.log, nil, 0o600) }},
		"in root's folder":                        {path: func(w hostileWorld) string { return w.rootLog() }, owner: hostileWorker},
		"root's link in root's folder": {prepare: func(w hostileWorld) error {
			return errors.Join(os.WriteFile(filepath.Dir(w.rootLog())+"/target", nil, 0o600), os.Symlink("target", w.rootLog()))
		}, path: func(w hostileWorld) string { return w.rootLog() }},
		"in a folder for everybody": {
			prepare: func(w hostileWorld) error { return os.Chmod(filepath.Dir(w.rootLog()), 0o777|os.ModeSticky) },
			path:    func(w hostileWorld) string { return w.rootLog() }, owner: hostileWorker,
		},
		"in a folder of root's that a group may write to": {
			prepare: func(w hostileWorld) error { return os.Chmod(filepath.Dir(w.rootLog()), 0o775) },
			path:    func(w hostileWorld) string { return w.rootLog() }, owner: hostileWorker,
		},
		"by the worker's own link": {prepare: func(w hostileWorld) error {
			return reaper.WithFileIDs(hostileWorker, hostileWorker, func() error {
				return errors.Join(os.WriteFile(w.folder+"/target", nil, 0o600), os.Symlink("target", w.log))
			})
		}, owner: hostileWorker},
	} {
		t.Run(name, func(t *testing.T) {
			w := newHostileWorld(t)
			if c.prepare != nil {
				if err := c.prepare(w); err != nil {
					t.Fatal(err)
				}
			}
			if c.path != nil {
				w.log = c.path(w)
			}
			file := w.logs(0, 0)["a worker with a user"]
			if _, err := file.Write([]byte("a line\n")); err != nil {
				t.Fatal(err)
			}
			if data, _, _, ok := file.Read(-100, 100); string(data) != "a line\n" || !ok {
				t.Errorf("tail: got %q, %v, want the line", data, ok)
			}
			info, err := os.Stat(w.log)
			if err != nil || info.Sys().(*syscall.Stat_t).Uid != c.owner {
				t.Errorf("owner: got %v, %v, want %d", info.Sys(), err, c.owner)
			}
			if err := file.Clear(); err != nil {
				t.Error(err)
			}
		})
	}
}

// A FIFO of root's is as good as a pipe, with the pressure of one; a command that asks for the log's end does not wait for
// its reader.
func TestAFIFOWhoseReaderSleepsKeepsNobodyElseWaiting(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	reader, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	file := newLogFile(path, 0, 0)
	if _, err := file.Write([]byte("a line\n")); err != nil {
		t.Fatal(err)
	}
	stuck := make(chan struct{})
	go func() { defer close(stuck); _, _ = file.Write(make([]byte, 1<<20)) }()
	within(t, "a write into a full FIFO", func() {
		for n := 0; n < 60_000; { // a pipe has room for 64 KiB, in pages
			n, _ = unix.IoctlGetInt(int(reader.Fd()), unix.TIOCINQ)
		}
	})
	within(t, "tail", func() {
		if _, _, _, ok := file.Read(-10, 10); ok {
			t.Error("tail: got bytes of a FIFO, want none")
		}
	})
	within(t, "clear", func() { _ = file.Clear() })
	within(t, "reopen", func() { _ = file.Reopen() })
	within(t, "the write", func() { <-stuck })
}

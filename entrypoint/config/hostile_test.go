package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"percore/entrypoint/config"
)

// What a _FILE name leads to is read before a signal is obeyed, so it must not be able to hold the start up.
func TestAValueIsReadFromARegularFileAlone(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := unix.Mkfifo(fifo, 0o666); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ path, what string }{
		"a FIFO that no process writes to": {fifo, "is not a regular file"},
		"a device without end":             {"/dev/zero", "is not a regular file"},
	} {
		t.Run(name, func(t *testing.T) {
			got := make(chan []string, 1)
			go func() { got <- problemsOf(t, "PERCORE_NAME_FILE="+c.path) }()
			select {
			case got := <-got:
				if want := []string{"PERCORE_NAME_FILE: " + c.what + "; name a readable file, or unset PERCORE_NAME_FILE"}; !slices.Equal(got, want) {
					t.Errorf("got %q, want %q", got, want)
				}
			case <-time.After(10 * time.Second):
				t.Fatal("the start hangs")
			}
		})
	}
}

// Kubernetes and Docker put secrets behind links of root's, and mount files of other users.
func TestAValueBehindLinksOfAnotherUserIsNotRead(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: another user takes root")
	}
	const stranger = 65533
	root := t.TempDir()
	secret, theirs := filepath.Join(root, "..data", "name"), filepath.Join(root, "theirs")
	for _, err := range []error{
		os.Chmod(root, 0o777|os.ModeSticky), // as a volume of secrets is in Kubernetes
		os.MkdirAll(filepath.Join(root, "..2026"), 0o755), os.Symlink("..2026", filepath.Join(root, "..data")), os.WriteFile(secret, []byte("app\n"), 0o400),
		os.Symlink(filepath.Join("..data", "name"), filepath.Join(root, "name")),
		os.Mkdir(filepath.Join(root, "secrets"), 0o755), // Docker's, with a file of the host's
		os.WriteFile(filepath.Join(root, "secrets", "mounted"), []byte("app\n"), 0o600), os.Chown(filepath.Join(root, "secrets", "mounted"), stranger, stranger),
		os.Mkdir(theirs, 0o755), os.Chown(theirs, stranger, stranger),
		os.WriteFile(filepath.Join(theirs, "plain"), []byte("app\n"), 0o644), os.Chown(filepath.Join(theirs, "plain"), stranger, stranger),
		os.Symlink(secret, filepath.Join(theirs, "link")), os.Link(secret, filepath.Join(theirs, "hard")), os.Symlink(root, filepath.Join(theirs, "folder")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]string{
		"name": "app", "secrets/mounted": "app", "theirs/plain": "app", "theirs/link": "is a link that another user may have made",
		"theirs/hard": "has other names as well (hard links)", "theirs/folder/name": "is a link that another user may have made",
	} {
		cfg, _, err := config.Load([]string{"PERCORE_NAME_FILE=" + filepath.Join(root, path)}, 0)
		got := ""
		if problems := (*config.Problems)(nil); errors.As(err, &problems) {
			got = problems.List[0].What
		} else {
			got = string(cfg.Name)
		}
		if got != want && got != "cannot be read: "+want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
}

package reaper_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"percore/reaper"
)

func TestFilesAreMadeWithAnotherUserAndGroupForAWhile(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: another user takes root")
	}
	dir := t.TempDir()
	for _, c := range []struct {
		name             string
		uid, gid         int
		wantUID, wantGID uint32
	}{
		{"group alone", reaper.SameID, 1001, 0, 1001},
		{"nothing after it", reaper.SameID, reaper.SameID, 0, 0},
	} {
		path := filepath.Join(dir, c.name)
		if err := reaper.WithFileIDs(c.uid, c.gid, func() error { return os.Mkdir(path, 0o700) }); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if stat := info.Sys().(*syscall.Stat_t); stat.Uid != c.wantUID || stat.Gid != c.wantGID {
			t.Errorf("%s: got %d:%d, want %d:%d", c.name, stat.Uid, stat.Gid, c.wantUID, c.wantGID)
		}
	}
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	read := func() error { _, err := os.ReadFile(secret); return err }
	if err := reaper.WithFileIDs(1000, reaper.SameID, read); !errors.Is(err, os.ErrPermission) {
		t.Errorf("as another user: got %v, want it refused", err)
	}
	if err := read(); err != nil {
		t.Errorf("afterwards: got %v, want root again", err)
	}
}

package disk_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"percore/e2e/disk"
	"percore/e2e/program"
)

const patience = time.Minute

func mount(t *testing.T) (d *disk.Disk, path string) {
	t.Helper()
	path = t.TempDir()
	d, err := disk.Mount(path)
	if err != nil {
		t.Skip("SKIPPED: a file system of our own:", err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d, path
}

func await(t *testing.T, what string, condition func() bool) {
	t.Helper()
	if err := program.Await(patience, what, condition); err != nil {
		t.Fatal(err)
	}
}

func TestAFileHasWhatWasWritten(t *testing.T) {
	d, path := mount(t)
	name := filepath.Join(path, "file")
	want := bytes.Repeat([]byte("0123456789abcdef"), 200_000)
	if err := os.WriteFile(name, want, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(name); err != nil || !bytes.Equal(got, want) {
		t.Errorf("got %d bytes and %v, want the %d that were written", len(got), err, len(want))
	}
	if err := os.Truncate(name, 10); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(name)
	if err != nil || info.Size() != 10 || info.Mode() != 0o600 {
		t.Errorf("got %v and %v, want 10 bytes of mode 0600", info, err)
	}
	if got := d.Names(); len(got) != 1 || got[0] != "file" {
		t.Errorf("names: got %q, want file", got)
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	await(t, "no file to be left", func() bool { return d.Files() == 0 })
}

func TestAFileWithoutANameIsGoneWithItsDescriptor(t *testing.T) {
	d, path := mount(t)
	fd, err := unix.Open(path, unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, 0o600)
	if err != nil {
		t.Skip("SKIPPED: O_TMPFILE on FUSE takes Linux 6.2:", err)
	}
	file := os.NewFile(uintptr(fd), "unnamed")
	if _, err := file.WriteString("secret"); err != nil {
		t.Error(err)
	}
	if got := d.Files(); got != 1 || len(d.Names()) != 0 {
		t.Errorf("got %d files and the names %q, want one without a name", got, d.Names())
	}
	if err := file.Close(); err != nil {
		t.Error(err)
	}
	await(t, "no file to be left", func() bool { return d.Files() == 0 })
}

func TestADiskThatStandsHoldsUpWhoWritesUntilItGoes(t *testing.T) {
	d, path := mount(t)
	file, err := os.Create(filepath.Join(path, "file"))
	if err != nil {
		t.Fatal(err)
	}
	d.Stop()
	defer d.Go()
	wrote := make(chan error, 1)
	go func() {
		_, err := file.WriteString("late")
		wrote <- err
	}()
	await(t, "the write", func() bool { return d.Waiting() == 1 })
	select {
	case err := <-wrote:
		t.Fatalf("got %v, want the write to wait", err)
	default:
	}
	d.Go()
	if err := <-wrote; err != nil || d.Waiting() != 0 {
		t.Errorf("got %v and %d that wait, want it written", err, d.Waiting())
	}
	if err := file.Close(); err != nil {
		t.Error(err)
	}
}

package hold

import (
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// ownMounts gives this test's goroutine, and what it starts, mounts of its own; they are gone with its thread.
func ownMounts(t *testing.T) {
	t.Helper()
	runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
	err := unix.Unshare(unix.CLONE_NEWNS)
	if err == nil {
		err = unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "")
	}
	if err != nil {
		t.Skip("SKIPPED: mounts of its own take root:", err)
	}
}

// mountTmpfs mounts a file system of a size at a folder.
func mountTmpfs(t *testing.T, dir, size string) {
	t.Helper()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "mode=0777,size="+size); err != nil {
		t.Fatalf("mount tmpfs at %s: %v", dir, err)
	}
}

// remountRoot makes all read-only that is no mount of its own.
func remountRoot(t *testing.T) {
	t.Helper()
	if err := unix.Mount("", "/", "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, ""); err != nil {
		t.Fatalf("make / read-only: %v", err)
	}
}

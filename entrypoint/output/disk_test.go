package output_test

import (
	"os"
	"syscall"
	"testing"
	"time"

	"percore/entrypoint/output"
)

// disk is a file that can be full: its descriptor is exchanged for one of /dev/full and back.
type disk struct {
	t     *testing.T
	file  *os.File
	saved int
}

func newDisk(t *testing.T) *disk {
	t.Helper()
	file, err := os.OpenFile(t.TempDir()+"/log", os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	d := &disk{t: t, file: file, saved: -1}
	t.Cleanup(func() { file.Close() })
	return d
}

func (d *disk) fillUp() {
	d.t.Helper()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		d.t.Skip("SKIPPED: no /dev/full:", err)
	}
	defer full.Close()
	fd := int(d.file.Fd())
	if d.saved, err = syscall.Dup(fd); err != nil {
		d.t.Fatal(err)
	}
	if err := syscall.Dup3(int(full.Fd()), fd, syscall.O_CLOEXEC); err != nil {
		d.t.Fatal(err)
	}
}

func (d *disk) makeRoom() {
	d.t.Helper()
	if err := syscall.Dup3(d.saved, int(d.file.Fd()), syscall.O_CLOEXEC); err != nil {
		d.t.Fatal(err)
	}
	syscall.Close(d.saved)
}

func (d *disk) content() string {
	d.t.Helper()
	text, err := os.ReadFile(d.file.Name())
	if err != nil {
		d.t.Fatal(err)
	}
	return string(text)
}

func (d *disk) awaitContent(want string) {
	d.t.Helper()
	d.eventually("the content "+want, func() bool { return d.content() == want })
}

// awaitSeen waits until the queue has tried every line.
func (d *disk) awaitSeen(q *output.Queue) {
	d.t.Helper()
	d.eventually("the queue to be empty", func() bool { return q.Waiting() == 0 })
}

func (d *disk) eventually(what string, ok func() bool) {
	d.t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			d.t.Fatalf("waited %v for %s", patience, what)
		}
	}
}

package hold

import (
	"os"
	"path/filepath"
	"testing"

	"percore/e2e/disk"
)

// startOnDisk runs percore with its bodies on a disk that can stand still. The caller lets it go, by a defer, before
// anything that waits for it is ended.
func startOnDisk(t *testing.T, variables env) (*service, *disk.Disk) {
	t.Helper()
	dir, d := folderOnDisk(t)
	return startUnder(t, dir, nil, wsgi, variables), d
}

// folderOnDisk is a folder for a service, with such a disk for bodies.
func folderOnDisk(t *testing.T) (dir string, d *disk.Disk) {
	t.Helper()
	ownMounts(t)
	dir = folder(t)
	temp := filepath.Join(dir, "temp")
	if err := os.Mkdir(temp, 0o755); err != nil {
		t.Fatal(err)
	}
	d, err := disk.Mount(temp)
	if err != nil {
		t.Skip("SKIPPED: a disk that stands still:", err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return dir, d
}

// TestADiskThatStandsStillHoldsUpNobodyElse: uploads wait for it, everybody else is answered; when it goes on, they
// arrive.
func TestADiskThatStandsStillHoldsUpNobodyElse(t *testing.T) {
	s, d := startOnDisk(t, nil)
	d.Stop()
	defer d.Go()
	var slow []*client
	for range 20 {
		c := s.client(here)
		c.beginUpload("PUT", "/echo", content[:uploadBytes], false, 60_000)
		go c.conn.Write(c.rest)
		slow = append(slow, c)
	}
	s.Await("the disk to be waited for", func() bool { return d.Waiting() > 0 })
	for range 100 {
		s.wantAnswered()
	}
	small := s.client(here)
	small.beginUpload("POST", "/echo", content[:60_000], true, 0)
	small.finish()
	small.wantEcho("POST", content[:60_000])
	gone := slow[len(slow)-1]
	gone.conn.Close()
	slow = slow[:len(slow)-1]
	s.wantAnswered()
	for _, c := range slow {
		c.wantNothing()
	}
	d.Go()
	for _, c := range slow {
		c.wantEcho("PUT", content[:uploadBytes])
	}
	s.awaitHeld(0)
	s.Await("the disk to be empty", func() bool { return d.Files() == 0 })
}

// TestADiskThatStandsStillDoesNotHoldUpAChange: percore answers commands and replaces its worker meanwhile.
func TestADiskThatStandsStillDoesNotHoldUpAChange(t *testing.T) {
	s, d := startOnDisk(t, nil)
	d.Stop()
	defer d.Go()
	c := s.client(here)
	c.beginUpload("PUT", "/echo", content[:uploadBytes], false, 60_000)
	go c.conn.Write(c.rest)
	s.Await("the disk to be waited for", func() bool { return d.Waiting() > 0 })
	s.held() // status is answered
	s.Succeed("restart", "all")
	s.wantAnswered()
	d.Go()
	c.wantEcho("PUT", content[:uploadBytes])
}

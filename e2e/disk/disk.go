// Package disk is a disk that stands still when it is told to: a file system of this process (FUSE, man 4 fuse) that
// holds files in memory. While it stands every operation of others on it waits, as on a network disk whose server is
// away, until it goes on.
//
// It is for scenarios that show who waits for a disk and who does not. Nothing but one folder without folders below
// it is there. Users see to it that the disk goes before they end a process that waits for it: such a one cannot be
// killed.
//
// Begin with Mount. wire.go has the protocol's layouts, file.go the operations.
package disk

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"

	"golang.org/x/sys/unix"
)

// Disk is a mounted one.
type Disk struct {
	path   string
	device int // /dev/fuse
	served chan struct{}

	mu      sync.Mutex // guards what follows
	moved   *sync.Cond // tells of stands
	stands  bool
	waiting int
	files   map[uint64]*file // by number
	names   map[string]*file
	last    uint64 // number given
}

// Mount mounts a disk at a folder, in the mount namespace of the calling thread. It takes root and /dev/fuse.
func Mount(path string) (*Disk, error) {
	device, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open /dev/fuse: %w", err)
	}
	options := fmt.Sprintf("fd=%d,rootmode=40777,user_id=0,group_id=0,allow_other", device)
	if err := unix.Mount("disk", path, "fuse", unix.MS_NOSUID|unix.MS_NODEV, options); err != nil {
		_ = unix.Close(device)
		return nil, fmt.Errorf("mount at %s: %w", path, err)
	}
	root := &file{number: rootNumber, mode: unix.S_IFDIR | 0o777, links: 2}
	d := &Disk{
		path: path, device: device, served: make(chan struct{}),
		files: map[uint64]*file{rootNumber: root}, names: map[string]*file{}, last: rootNumber,
	}
	d.moved = sync.NewCond(&d.mu)
	go d.serve()
	return d, nil
}

// Close lets the disk go and unmounts it, wherever in this namespace it is used still.
func (d *Disk) Close() error {
	d.Go()
	if err := unix.Unmount(d.path, unix.MNT_DETACH); err != nil {
		return os.NewSyscallError("umount2", err)
	}
	return nil
}

// Stop has every operation wait from now on.
func (d *Disk) Stop() { d.set(true) }

// Go lets what waits go on.
func (d *Disk) Go() { d.set(false) }

func (d *Disk) set(stands bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stands = stands
	d.moved.Broadcast()
}

// Waiting is how many operations wait.
func (d *Disk) Waiting() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.waiting
}

// Files is how many files there are, those included that have no name and are open somewhere.
func (d *Disk) Files() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.files) - 1
}

// serve reads what the kernel asks until it is unmounted everywhere. The kernel gives one request for each read.
func (d *Disk) serve() {
	defer close(d.served)
	defer unix.Close(d.device)
	buffer := make([]byte, writeBytesMax+4096)
	for {
		n, err := unix.Read(d.device, buffer)
		switch {
		case errors.Is(err, unix.EINTR), errors.Is(err, unix.EAGAIN), errors.Is(err, unix.ENOENT):
			continue // the last: who asked has been interrupted meanwhile
		case err != nil:
			return // ENODEV: unmounted
		}
		r := parseRequest(buffer[:n])
		switch r.operation {
		case opInit:
			d.answer(r, 0, welcome())
		case opForget, opForgets, opInterrupt, opDestroy: // nothing answers these but the last, for which nobody waits
			d.forget(r)
		default:
			go d.handle(r)
		}
	}
}

// handle waits for the disk to go, then does what is asked.
func (d *Disk) handle(r request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waiting++
	for d.stands {
		d.moved.Wait()
	}
	d.waiting--
	body, fault := d.do(r)
	d.answer(r, fault, body)
}

// answer is not told when the asker has been killed meanwhile, which is no fault.
func (d *Disk) answer(r request, fault unix.Errno, body []byte) {
	_, _ = unix.Write(d.device, response(r.unique, fault, body))
}

// Names lists the files that have one.
func (d *Disk) Names() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var list []string
	for name := range d.names {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

package disk

import (
	"slices"

	"golang.org/x/sys/unix"
)

// rootNumber is the number of the only folder, which the protocol fixes.
const rootNumber = 1

// file is a file, or the folder.
type file struct {
	number   uint64
	mode     uint32
	links    uint32
	uid, gid uint32
	lookups  uint64 // how often the kernel has been told of it and has not forgotten it
	content  []byte
}

// do does what is asked. The caller has the lock.
func (d *Disk) do(r request) (body []byte, fault unix.Errno) {
	f := d.files[r.node]
	if f == nil {
		return nil, unix.ENOENT
	}
	switch r.operation {
	case opLookup:
		return d.lookup(r.name(0))
	case opCreate:
		return d.create(r, r.name(16))
	case opTmpfile:
		return d.create(r, "")
	case opUnlink:
		return nil, d.unlink(r.name(0))
	case opGetattr:
		return f.attributesOut(), 0
	case opSetattr:
		f.change(r.body)
		return f.attributesOut(), 0
	case opOpen, opOpendir:
		return opened(), 0
	case opRead:
		return f.read(u64(r.body, 8), u32(r.body, 16)), 0
	case opWrite:
		return f.write(u64(r.body, 8), r.body[40:][:u32(r.body, 16)]), 0
	case opStatfs:
		return room(), 0
	case opRelease, opReleasedir, opFlush, opFsync, opReaddir:
		return nil, 0
	default:
		return nil, unix.ENOSYS
	}
}

func (d *Disk) lookup(name string) ([]byte, unix.Errno) {
	f := d.names[name]
	if f == nil {
		return nil, unix.ENOENT
	}
	f.lookups++
	return f.entry(), 0
}

// create makes a file, without a name where it has none, and opens it.
func (d *Disk) create(r request, name string) ([]byte, unix.Errno) {
	mode, umask := u32(r.body, 4), u32(r.body, 8)
	d.last++
	f := &file{number: d.last, mode: unix.S_IFREG | mode&0o7777&^umask, uid: r.uid, gid: r.gid, lookups: 1}
	d.files[f.number] = f
	if name != "" {
		f.links = 1
		d.names[name] = f
	}
	return append(f.entry(), opened()...), 0
}

func (d *Disk) unlink(name string) unix.Errno {
	f := d.names[name]
	if f == nil {
		return unix.ENOENT
	}
	f.links = 0
	delete(d.names, name)
	d.drop(f)
	return 0
}

// forget is told how often the kernel knew a file that it knows no more.
func (d *Disk) forget(r request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch r.operation {
	case opForget:
		d.less(r.node, u64(r.body, 0))
	case opForgets:
		for i := range int(u32(r.body, 0)) {
			d.less(u64(r.body, 8+16*i), u64(r.body, 16+16*i))
		}
	}
}

func (d *Disk) less(number, times uint64) {
	if f := d.files[number]; f != nil && number != rootNumber {
		f.lookups -= min(times, f.lookups)
		d.drop(f)
	}
}

// drop takes a file away that has no name and that the kernel does not know.
func (d *Disk) drop(f *file) {
	if f.links == 0 && f.lookups == 0 {
		delete(d.files, f.number)
	}
}

// change is struct fuse_setattr_in: which of the values count, and where they are.
func (f *file) change(b []byte) {
	const mode, uid, gid, size = 1, 2, 4, 8
	valid := u32(b, 0)
	if valid&mode != 0 {
		f.mode = f.mode&unix.S_IFMT | u32(b, 68)&0o7777
	}
	if valid&uid != 0 {
		f.uid = u32(b, 76)
	}
	if valid&gid != 0 {
		f.gid = u32(b, 80)
	}
	if valid&size != 0 {
		f.resize(int(u64(b, 16)))
	}
}

func (f *file) resize(n int) {
	if n > len(f.content) {
		f.content = slices.Grow(f.content, n-len(f.content))
	}
	f.content = f.content[:n:n] // what is cut off never comes back
}

func (f *file) read(offset uint64, n uint32) []byte {
	rest := f.content[min(offset, uint64(len(f.content))):]
	return rest[:min(int(n), len(rest))]
}

func (f *file) write(offset uint64, b []byte) []byte {
	if end := int(offset) + len(b); end > len(f.content) {
		f.content = slices.Grow(f.content, end-len(f.content))[:end]
	}
	copy(f.content[offset:], b)
	return words(uint32(len(b)), uint32(0))
}

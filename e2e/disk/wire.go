package disk

import (
	"encoding/binary"
	"time"

	"golang.org/x/sys/unix"
)

// operation is what the kernel asks of a file system (man 4 fuse; include/uapi/linux/fuse.h has the numbers and the
// layouts).
type operation uint32

const (
	opLookup     operation = 1
	opForget     operation = 2
	opGetattr    operation = 3
	opSetattr    operation = 4
	opUnlink     operation = 10
	opOpen       operation = 14
	opRead       operation = 15
	opWrite      operation = 16
	opStatfs     operation = 17
	opRelease    operation = 18
	opFsync      operation = 20
	opFlush      operation = 25
	opInit       operation = 26
	opOpendir    operation = 27
	opReaddir    operation = 28
	opReleasedir operation = 29
	opCreate     operation = 35
	opInterrupt  operation = 36
	opDestroy    operation = 38
	opForgets    operation = 42
	opTmpfile    operation = 51
)

const (
	major, minor  = 7, 31   // of the protocol: of 2019, which every later kernel speaks too
	writeBytesMax = 1 << 20 // in one operation
	headBytes     = 40      // in front of every request
)

// request is one operation with what the kernel says of it; body begins behind the head.
type request struct {
	operation operation
	unique    uint64 // the answer has it too
	node      uint64
	uid, gid  uint32
	body      []byte
}

func parseRequest(b []byte) request {
	return request{
		operation: operation(u32(b, 4)), unique: u64(b, 8), node: u64(b, 16), uid: u32(b, 24), gid: u32(b, 28),
		body: append([]byte(nil), b[headBytes:]...),
	}
}

// name is a string that ends with a zero, so far behind the head.
func (r request) name(offset int) string {
	text := r.body[offset:]
	for i, c := range text {
		if c == 0 {
			return string(text[:i])
		}
	}
	return string(text)
}

func u32(b []byte, offset int) uint32 { return binary.LittleEndian.Uint32(b[offset:]) }
func u64(b []byte, offset int) uint64 { return binary.LittleEndian.Uint64(b[offset:]) }

// words lays out numbers of 32 and 64 bits one behind the other.
func words(numbers ...any) []byte {
	var b []byte
	for _, n := range numbers {
		switch n := n.(type) {
		case uint32:
			b = binary.LittleEndian.AppendUint32(b, n)
		case uint64:
			b = binary.LittleEndian.AppendUint64(b, n)
		}
	}
	return b
}

// response is an answer with its head; without a body where it is an error.
func response(unique uint64, fault unix.Errno, body []byte) []byte {
	if fault != 0 {
		body = nil
	}
	return append(words(uint32(16+len(body)), uint32(-int32(fault)), unique), body...)
}

// welcome answers opInit.
func welcome() []byte {
	const background, congested, pages = 64, 48, 256
	b := words(
		uint32(major), uint32(minor), uint32(128<<10), uint32(0), uint32(congested<<16|background),
		uint32(writeBytesMax), uint32(1), uint32(pages))
	return append(b, make([]byte, 64-len(b))...)
}

// attributes is struct fuse_attr.
func (f *file) attributes() []byte {
	size := uint64(len(f.content))
	now := uint64(time.Now().Unix())
	return words(
		f.number, size, (size+511)/512, now, now, now, uint32(0), uint32(0), uint32(0), f.mode, f.links,
		f.uid, f.gid, uint32(0), uint32(4096), uint32(0))
}

// entry is struct fuse_entry_out: nothing in it may be kept by the kernel.
func (f *file) entry() []byte {
	return append(words(f.number, uint64(0), uint64(0), uint64(0), uint32(0), uint32(0)), f.attributes()...)
}

// attributesOut is struct fuse_attr_out.
func (f *file) attributesOut() []byte {
	return append(words(uint64(0), uint32(0), uint32(0)), f.attributes()...)
}

// opened is struct fuse_open_out.
func opened() []byte { return words(uint64(0), uint32(0), uint32(0)) }

// room is struct fuse_kstatfs: a disk with 16 GiB free.
func room() []byte {
	const blocks = 4 << 20
	b := words(
		uint64(blocks), uint64(blocks), uint64(blocks), uint64(1<<20), uint64(1<<20),
		uint32(4096), uint32(255), uint32(4096))
	return append(b, make([]byte, 80-len(b))...)
}

package spool_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"percore/lbproxy/socket"
	"percore/lbproxy/spool"
)

var someone = netip.MustParseAddr("192.0.2.1")

// body is a file, and what notifies of it.
type body struct {
	*spool.File
	t     *testing.T
	notes chan *spool.File
}

func newBody(t *testing.T, s *spool.Store) body {
	notes := make(chan *spool.File, 1)
	b := body{s.NewFile(someone, func(f *spool.File) { notes <- f }), t, notes}
	t.Cleanup(b.Close)
	return b
}

func (b body) settled() ([]byte, error) {
	b.t.Helper()
	select {
	case f := <-b.notes:
		return f.Settle()
	case <-time.After(time.Minute):
		b.t.Fatal("in a minute there was no notify")
		return nil, nil
	}
}

func (b body) put(piece []byte) (failed []byte, err error) {
	b.t.Helper()
	if !b.Admit(int64(len(piece))) {
		b.t.Fatalf("admit %d bytes: got %s", len(piece), b.Refusal())
	}
	if b.Write(piece) {
		return nil, nil
	}
	return b.settled()
}

func (b body) mustPut(piece []byte) {
	b.t.Helper()
	if failed, err := b.put(piece); failed != nil || err != nil {
		b.t.Fatalf("write: got %v and %d bytes left, want nothing", err, len(failed))
	}
}

func (b body) content() []byte {
	b.t.Helper()
	all := make([]byte, b.Size())
	if n, err := unix.Pread(b.FD(), all, 0); err != nil || n != len(all) {
		b.t.Fatalf("read the file: got %d, %v, want %d", n, err, len(all))
	}
	return all
}

// eachPlace runs a test with each kind of place that a store can have its files in.
func eachPlace(t *testing.T, test func(t *testing.T, path string)) {
	for name, path := range map[string]string{"memory": "", "a disk": t.TempDir(), "a tmpfs": "/dev/shm"} {
		t.Run(name, func(t *testing.T) { test(t, path) })
	}
}

func TestAFileHasWhatWasWritten(t *testing.T) {
	eachPlace(t, func(t *testing.T, path string) {
		s := spool.New(spool.Options{Path: path, Size: 1 << 30})
		b := newBody(t, s)
		var want []byte
		for i := range 20 {
			piece := bytes.Repeat([]byte{byte('a' + i)}, 30_000*i)
			b.mustPut(piece)
			want = append(want, piece...)
			clear(piece)
			if b.Size() != int64(len(want)) || b.Busy() {
				t.Fatalf("got %d bytes, busy: %v, want %d", b.Size(), b.Busy(), len(want))
			}
		}
		if !bytes.Equal(b.content(), want) {
			t.Error("the file has something else")
		}
		if !b.Warm(0, b.Size()) {
			t.Error("what was just written: got not ready, want ready")
		}
		if got := s.Stats(); got.Files != 1 || got.Bytes != int64(len(want)) || got.Refused+got.Failed > 0 {
			t.Errorf("got %+v, want a file of %d bytes", got, len(want))
		}
	})
}

// TestWhatIsInRAMIsWrittenAtOnce, but for the first bytes in a folder, for which a file is made.
func TestWhatIsInRAMIsWrittenAtOnce(t *testing.T) {
	for path, firstToo := range map[string]bool{"": true, "/dev/shm": false} {
		b := newBody(t, spool.New(spool.Options{Path: path, Size: 1 << 20}))
		if done := b.Write([]byte("first")); done != firstToo {
			t.Errorf("%q: the first write: done: %v, want %v", path, done, firstToo)
		} else if !done {
			_, _ = b.settled()
		}
		for range 3 {
			if !b.Write([]byte("next")) {
				t.Errorf("%q: another write: got one that waits, want it done", path)
			}
		}
	}
}

func TestNothingIsMadeBeforeTheFirstByte(t *testing.T) {
	folder := t.TempDir()
	b := newBody(t, spool.New(spool.Options{Path: filepath.Join(folder, "not there yet"), Size: 1 << 20}))
	if !b.Admit(100) || !b.Write(nil) || b.FD() >= 0 || b.Size() != 0 || !b.Warm(0, 10) {
		t.Errorf("got descriptor %d and %d bytes, want none", b.FD(), b.Size())
	}
	if err := os.Mkdir(filepath.Join(folder, "not there yet"), 0o700); err != nil {
		t.Fatal(err)
	}
	b.mustPut([]byte("body"))
	if entries, err := os.ReadDir(filepath.Join(folder, "not there yet")); len(entries) > 0 || err != nil {
		t.Errorf("in the folder: got %v, %v, want nothing", entries, err)
	}
}

func TestAFolderThatIsNotThereFails(t *testing.T) {
	s := spool.New(spool.Options{Path: filepath.Join(t.TempDir(), "missing"), Size: 1 << 20})
	b := newBody(t, s)
	for range 3 {
		if failed, err := b.put([]byte("body")); string(failed) != "body" || !errors.Is(err, unix.ENOENT) {
			t.Errorf("got %q, %v, want all bytes and ENOENT", failed, err)
		}
	}
	if got := s.Stats(); got.Failed != 3 || got.Bytes != 0 {
		t.Errorf("got %+v, want 3 failures and nothing held", got)
	}
}

// TestATmpfsThatIsFull gives back what does not fit, with what does in the file; nothing is touched by a mapping, so
// that there is no SIGBUS.
func TestATmpfsThatIsFull(t *testing.T) {
	folder := t.TempDir()
	if err := unix.Mount("tmpfs", folder, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("SKIPPED: mount a tmpfs: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(folder, unix.MNT_DETACH) })
	b := newBody(t, spool.New(spool.Options{Path: folder, Size: 1 << 30}))
	var want []byte
	for i := range 100 {
		piece := bytes.Repeat([]byte{byte('a' + i)}, 150_000)
		failed, err := b.put(piece)
		want = append(want, piece[:len(piece)-len(failed)]...)
		if err == nil {
			continue
		}
		if !errors.Is(err, unix.ENOSPC) || len(failed) == 0 {
			t.Errorf("got %d bytes that failed, %v, want ENOSPC", len(failed), err)
		}
		break
	}
	if len(want) < 900_000 || len(want) > 1<<20 || !bytes.Equal(b.content(), want) {
		t.Errorf("got %d bytes of %d, or they differ; want nearly a MiB", b.Size(), len(want))
	}
	if !b.Warm(0, b.Size()) {
		t.Error("a full tmpfs: got not ready, want ready")
	}
}

// TestColdBytesAreReadByThePool: what the kernel has dropped from its cache is read before it is sent.
func TestColdBytesAreReadByThePool(t *testing.T) {
	b := newBody(t, spool.New(spool.Options{Path: t.TempDir(), Size: 1 << 30}))
	for range 16 {
		b.mustPut(bytes.Repeat([]byte("cold"), 64<<10))
	}
	chill := func() {
		if err := errors.Join(unix.Fsync(b.FD()), unix.Fadvise(b.FD(), 0, 0, unix.FADV_DONTNEED)); err != nil {
			t.Fatal(err)
		}
	}
	const part = 256 << 10
	for offset := int64(0); offset < b.Size(); offset += part {
		chill()
		if b.Warm(offset, part) {
			t.Skip("SKIPPED: the kernel keeps the pages of this file system")
		}
		if !b.Busy() {
			t.Error("got a file that is not busy, want it read")
		}
		if failed, err := b.settled(); failed != nil || err != nil {
			t.Fatalf("from %d: got %d bytes that failed, %v, want them read", offset, len(failed), err)
		}
		for _, why := range []string{"it was read", "it is in the cache"} {
			if !b.Warm(offset, part) {
				t.Errorf("from %d: got not ready, want ready as %s", offset, why)
			}
		}
	}
	chill()
	if b.Warm(0, part) {
		t.Fatal("got ready, want the pages dropped")
	}
	_, _ = b.settled()
	chill() // memory is so short that they are gone again
	if !b.Warm(0, part) {
		t.Error("just read: got not ready, want that what has to leave leaves")
	}
	if b.Warm(0, part) {
		t.Error("and later: got ready, want that the pages are looked at")
	}
	_, _ = b.settled()
}

// TestWhatIsOnItsWayStaysAsItWas: sendfile copies nothing, so that a peer gets the pages as they are when it reads.
func TestWhatIsOnItsWayStaysAsItWas(t *testing.T) {
	eachPlace(t, func(t *testing.T, path string) {
		b := newBody(t, spool.New(spool.Options{Path: path, Size: 1 << 30}))
		from, to := connected(t)
		var want []byte
		for round := range 8 {
			b.mustPut(bytes.Repeat([]byte{byte('a' + round)}, 10_000))
			sent, errno := socket.SendFile(from, int32(b.FD()), 0, int(b.Size()))
			if sent != 10_000 || errno != socket.OK {
				t.Fatalf("send: got %d, %v, want all of it", sent, errno)
			}
			want = append(want, b.content()...)
			b.Reset()
		}
		got := make([]byte, len(want))
		if n, err := io.ReadFull(to, got); err != nil || !bytes.Equal(got, want) {
			t.Errorf("got %d bytes, %v, or they differ from what was sent", n, err)
		}
	})
}

// connected is a TCP connection: the descriptor of its one end, and its other end.
func connected(t *testing.T) (int32, net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	from, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	to, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	file, err := from.(*net.TCPConn).File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close(); from.Close(); to.Close() })
	return int32(file.Fd()), to
}

func TestWritesAllocateNothingOnceTheyAreWarm(t *testing.T) {
	eachPlace(t, func(t *testing.T, path string) {
		b := newBody(t, spool.New(spool.Options{Path: path, Size: 1 << 30}))
		piece := make([]byte, 10_000)
		b.mustPut(piece)
		allocations := testing.AllocsPerRun(200, func() {
			if b.Admit(int64(len(piece))); !b.Write(piece) {
				_, _ = (<-b.notes).Settle()
			}
			if !b.Warm(0, 10_000) {
				t.Error("just written: got not ready, want ready")
			}
		})
		if allocations != 0 {
			t.Errorf("got %v allocations, want none", allocations)
		}
	})
}

package spool_test

import (
	"bytes"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"percore/lbproxy/spool"
)

var someone = netip.MustParseAddr("192.0.2.1")

func content(t *testing.T, f *spool.File) []byte {
	t.Helper()
	b := make([]byte, f.Size())
	if f.FD() < 0 {
		return b
	}
	if n, err := unix.Pread(f.FD(), b, 0); err != nil || n != len(b) {
		t.Fatalf("read the file: got %d, %v, want %d", n, err, len(b))
	}
	return b
}

// places are where a store can have its files.
func places(t *testing.T) map[string]string {
	return map[string]string{"memory": "", "a disk": t.TempDir(), "a tmpfs": "/dev/shm"}
}

func TestAFileHasWhatWasWritten(t *testing.T) {
	for name, path := range places(t) {
		t.Run(name, func(t *testing.T) {
			s := spool.New(spool.Options{Path: path, Size: 1 << 30})
			notified := make(chan *spool.File, 1)
			f := s.NewFile(someone, func(f *spool.File) { notified <- f })
			var want []byte
			for i := range 20 {
				piece := bytes.Repeat([]byte{byte('a' + i)}, 30_000*i)
				if !f.Admit(int64(len(piece))) {
					t.Fatal("there is no room")
				}
				if !f.Write(piece) {
					if failed, err := (<-notified).Settle(); err != nil {
						t.Fatalf("write: got %v and %d bytes left, want nothing", err, len(failed))
					}
				}
				want = append(want, piece...)
				clear(piece)
				if f.Size() != int64(len(want)) || f.Busy() {
					t.Fatalf("got %d bytes, busy: %v, want %d", f.Size(), f.Busy(), len(want))
				}
			}
			if !bytes.Equal(content(t, f), want) {
				t.Error("the file has something else")
			}
			f.Close()
		})
	}
}

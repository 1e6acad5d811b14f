package spool

import (
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// BenchmarkHold holds a body of 1 MiB in pieces, makes sure that it can be sent, and gives it back. The figure that counts
// is cpu-µs/op, what all threads take: the pool works while the one who asks waits. "bare" are the calls for the same file
// without a store; nginx makes the latter, of 8 KiB each.
func BenchmarkHold(b *testing.B) {
	cases := []struct {
		name, path string
		piece      int
	}{
		{"disk, pieces of 16 KiB", "disk", 16 << 10},
		{"disk, pieces of 64 KiB", "disk", 64 << 10},
		{"disk, pieces of 256 KiB", "disk", 256 << 10},
		{"memory, pieces of 256 KiB", "", 256 << 10},
	}
	for _, c := range cases {
		b.Run(c.name, func(b *testing.B) {
			if c.path != "" {
				c.path = b.TempDir()
			}
			holdAgain(b, New(Options{Path: c.path}), make([]byte, c.piece))
		})
	}
	for name, piece := range map[string]int{"bare, pieces of 256 KiB": 256 << 10, "bare, pieces of 8 KiB": 8 << 10} {
		b.Run(name, func(b *testing.B) { writeAgain(b, b.TempDir(), make([]byte, piece)) })
	}
}

const heldBytes = 1 << 20

// holdAgain holds bodies in a store, one after the other.
func holdAgain(b *testing.B, s *Store, piece []byte) {
	notified := make(chan struct{}, 1)
	settle := func(f *File, done bool) {
		if done {
			return
		}
		<-notified
		if _, err := f.Settle(); err != nil {
			b.Fatal(err)
		}
	}
	defer reportCPU(b)()
	b.ReportAllocs()
	for b.Loop() {
		f := s.NewFile(netip.Addr{}, func(*File) { notified <- struct{}{} })
		for f.Size() < heldBytes {
			if !f.Admit(int64(len(piece))) {
				b.Fatal(f.Refusal())
			}
			settle(f, f.Write(piece))
		}
		for at := int64(0); at < heldBytes; at += 256 << 10 {
			settle(f, f.Warm(at, 256<<10))
		}
		f.Close()
	}
}

// writeAgain makes the calls alone.
func writeAgain(b *testing.B, folder string, piece []byte) {
	defer reportCPU(b)()
	for b.Loop() {
		fd, err := openUnnamed(folder)
		for at := 0; at < heldBytes && err == nil; at += len(piece) {
			_, err = write(fd, piece, int64(at))
		}
		if err != nil {
			b.Fatal(err)
		}
		_ = unix.Close(fd)
	}
}

// reportCPU reports, when what it returns is called, the CPU time that all threads have used since.
func reportCPU(b *testing.B) func() {
	before := cpu(b)
	return func() { b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(b.N), "cpu-µs/op") }
}

func cpu(b *testing.B) time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

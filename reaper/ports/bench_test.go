package ports

import (
	"fmt"
	"net"
	"os"
	"testing"
)

// BenchmarkWhose is what a start pays for knowing that it was the worker who answered, by the descriptors that the
// worker has open.
func BenchmarkWhose(b *testing.B) {
	for _, descriptors := range []int{20, 200} {
		b.Run(fmt.Sprintf("descriptors=%d", descriptors), func(b *testing.B) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			for range descriptors {
				file, err := os.Open(os.DevNull)
				if err != nil {
					b.Fatal(err)
				}
				defer file.Close()
			}
			port, pids := l.Addr().(*net.TCPAddr).Port, []int{os.Getpid()}
			for b.Loop() {
				if Whose(port, pids) != Own {
					b.Fatal("got a stranger's port, want our own")
				}
			}
		})
	}
}

// BenchmarkHolder is what a start pays for knowing that its port is free.
func BenchmarkHolder(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	for b.Loop() {
		if holder := Holder(port); holder != "" {
			b.Fatalf("got %s, want none", holder)
		}
	}
}
